"""What answers the requests about any session of the workspace, open or not, and about the installation."""

from __future__ import annotations

from attrs import frozen

from throughline.wire.state import Row


@frozen
class Rename:
    """Gives a session of this workspace another name; the model is told what it is for as before."""

    session: str
    name: str


@frozen
class Reading:
    """A session to be read, whether it is open or not."""

    objective: str
    role: str
    model: str
    rows: list[Row]


@frozen
class Exported:
    """A session as a neutral transcript: a line of JSON for each thing that was said, called or returned."""

    text: str


@frozen
class Finding:
    """One thing that the doctor looked at; where it is not well, `mend` says what to do."""

    what: str
    well: bool
    mend: str


@frozen
class Findings:
    """What the doctor found."""

    findings: list[Finding]
