"""Features of the linear models and of the tagger: the specification, and the compiled kernels."""
