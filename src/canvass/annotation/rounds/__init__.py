"""One round after another: train, choose, and keep the queue fresh."""
