"""Pools that look like traffic, and the labelled sets that go with them."""
