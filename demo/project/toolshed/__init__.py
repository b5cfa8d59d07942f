"""A lending library for garden and workshop tools."""
