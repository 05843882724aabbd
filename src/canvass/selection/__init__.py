"""Selection: a plan decides which utterances are chosen; engines only move blocks."""
