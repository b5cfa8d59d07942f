"""Runs the server over standard input and output."""

from __future__ import annotations

import logging
import sys

from throughline.server.parts import Open
from throughline.server.server import build


def run(open_bench: Open) -> None:
    """Serves until the editor says that it is done; logs go to standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # The library logs whole messages, and a key may be in one.
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    build(open_bench).start_io()
