"""The error that a user is told in one line."""

from __future__ import annotations


class UserError(Exception):
    """Something that was asked cannot be done; the message is one line that says why and what to do."""
