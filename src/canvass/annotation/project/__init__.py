"""A project folder: its settings, files and lock, and what an answer means there."""
