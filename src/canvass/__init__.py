"""Choose which few hundred of millions of unlabelled requests are worth a person's time."""
