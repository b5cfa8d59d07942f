"""What is remembered of a session: entries, rolling summary, archive."""
