"""How good answers and models are: agreement, estimates, review, and when to stop."""
