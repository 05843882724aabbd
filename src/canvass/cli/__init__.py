"""The command line: words to API calls, exceptions to sentences and exit codes."""
