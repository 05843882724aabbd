"""Corpora: text rules, spans, formats, pools, and the embedded corpus."""
