"""Access to models: the Messages API, counting tokens, prices, and a fake server to test against."""
