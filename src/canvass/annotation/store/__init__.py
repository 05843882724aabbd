"""The tasks, answers and rounds of a project, in one SQLite file."""
