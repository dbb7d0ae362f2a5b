"""The vocabularies as tables: one entry for each spectrogram type, method, metric and family."""
