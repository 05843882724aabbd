"""An assistant, a large language model on a server, that suggests annotations for people to check."""
