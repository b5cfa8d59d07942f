"""What a change of files means."""
