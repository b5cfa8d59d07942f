"""Access to models."""
