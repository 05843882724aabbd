"""Measurements of canvass beside its peers, its servers and its studies; see README.md."""
