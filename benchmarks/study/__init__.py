"""The published study: its corpus, its commands and its tables."""
