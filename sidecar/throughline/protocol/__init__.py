"""Every message that crosses to the editor."""
