"""What a check of the installation finds."""

from __future__ import annotations

from attrs import frozen


@frozen
class Finding:
    """One thing that was looked at; where it is not well, `mend` says what to do."""

    what: str
    well: bool
    mend: str = ""
