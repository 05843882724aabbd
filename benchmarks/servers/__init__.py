"""The annotation page and the ML backend of Label Studio under load, and in a browser."""
