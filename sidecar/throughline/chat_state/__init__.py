"""The chat page's state: a projection of a session's events, as a snapshot and as patches."""
