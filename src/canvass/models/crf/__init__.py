"""The linear-chain CRF that labels the words of an utterance: training, decoding, and their readable twins."""
