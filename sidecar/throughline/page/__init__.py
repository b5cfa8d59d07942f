"""The chat page's state: a projection of a session, as a snapshot and as patches."""
