"""When to compress and how: pure functions over a session."""
