"""What `benchmarks.run` times, on both sides, and what it makes of the seconds; measurements of the engines."""
