"""Answers from files, and answers and tasks to files."""
