"""Values and pure functions: what everything else speaks of."""
