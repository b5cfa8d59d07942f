"""The session database and the archive file."""
