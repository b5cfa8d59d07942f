"""The view: what the next call sends, and the prompts and roles as data."""
