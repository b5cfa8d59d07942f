"""Values and pure functions: no I/O, no task, no clock."""
