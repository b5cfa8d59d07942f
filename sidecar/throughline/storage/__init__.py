"""The event store, its recovery, and the archive file."""
