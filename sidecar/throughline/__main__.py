"""The entry of the program: the language server, or the command line."""

# ruff: noqa: PLC0415

from __future__ import annotations

import sys

from throughline.app.container import Container


def main() -> None:
    """Runs the command line; a user's mistake is one line and exit status 2."""
    # An editor waits for this: it does not wait for the command line's parser too.
    if sys.argv[1:2] == ["serve"] and not {*sys.argv[2:]} - {"--stdio"}:
        serve()
        return
    from throughline.cli.main import commands
    from throughline.domain.errors import UserError
    from throughline.domain.visible_text import visible_text

    try:
        commands(obj=Container())
    except UserError as error:
        sys.stderr.write(f"throughline: {visible_text(str(error), prose=True)}\n")
        sys.exit(2)
    except OSError as error:
        name = visible_text(str(error.filename or "a file"), prose=True)
        sys.stderr.write(f"throughline: {name}: {error.strerror or error}\n")
        sys.exit(2)


def serve() -> None:
    """Runs the language server over standard input and output until it is told to stop."""
    from throughline.server.server import run_server

    run_server(Container().editor_workspace)


if __name__ == "__main__":
    main()
