"""What the embedded corpus is made of: a walk over templates, values of ours, and a casual tongue."""
