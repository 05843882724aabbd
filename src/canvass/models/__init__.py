"""The models: the committee, the tagger and its lattice, and the reference NLU."""
