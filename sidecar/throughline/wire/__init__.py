"""The protocol: every message between the sidecar and the editor, and the one table of methods."""
