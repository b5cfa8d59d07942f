"""`python -m toolshed.cli`: the desk from a terminal, and the server."""

import argparse
import sys
from collections.abc import Sequence
from typing import TextIO
from wsgiref.simple_server import make_server

from toolshed.api import Api
from toolshed.catalogue import Catalogue
from toolshed.clock import Clock, SystemClock, day_name
from toolshed.errors import ShedError
from toolshed.lending import Desk
from toolshed.report import Report
from toolshed.store import Store


def parser() -> argparse.ArgumentParser:
    """Every command and its arguments."""
    root = argparse.ArgumentParser(prog="toolshed")
    root.add_argument("--db", default="toolshed.db", help="path of the database")
    commands = root.add_subparsers(dest="command", required=True)

    add = commands.add_parser("add", help="add a tool")
    add.add_argument("code")
    add.add_argument("name")
    add.add_argument("--category", default="other")
    add.add_argument("--copies", type=int, default=1)
    add.add_argument("--days", type=int, default=7)

    join = commands.add_parser("join", help="register a member")
    join.add_argument("card")
    join.add_argument("name")

    lend = commands.add_parser("lend", help="lend a tool to a member")
    lend.add_argument("code")
    lend.add_argument("card")

    back = commands.add_parser("return", help="take a tool back")
    back.add_argument("loan", type=int)

    find = commands.add_parser("find", help="search the catalogue")
    find.add_argument("words", nargs="*")

    commands.add_parser("daily", help="print the sheets of the morning")

    serve = commands.add_parser("serve", help="serve the API")
    serve.add_argument("--port", type=int, default=8137)
    return root


class Terminal:
    """Runs one command against one store and writes to one stream."""

    def __init__(self, store: Store, clock: Clock, out: TextIO) -> None:
        self._store = store
        self._clock = clock
        self._out = out

    def run(self, options: argparse.Namespace) -> None:
        getattr(self, f"do_{options.command}")(options)

    def do_add(self, options: argparse.Namespace) -> None:
        tool = Catalogue(self._store).add(
            options.code,
            options.name,
            options.category,
            copies=options.copies,
            loan_days=options.days,
        )
        self._say(f"{tool.code}: {tool.copies} x {tool.name}")

    def do_join(self, options: argparse.Namespace) -> None:
        member = Desk(self._store, self._clock).join(options.card, options.name)
        self._say(f"welcome, {member.name}")

    def do_lend(self, options: argparse.Namespace) -> None:
        loan = Desk(self._store, self._clock).lend(options.code, options.card)
        self._say(f"loan {loan.id}, due {day_name(loan.due_at)}")

    def do_return(self, options: argparse.Namespace) -> None:
        returned = Desk(self._store, self._clock).give_back(options.loan)
        late = f", {returned.days_late} days late" if returned.days_late else ""
        self._say(f"loan {returned.loan.id} closed{late}")

    def do_find(self, options: argparse.Namespace) -> None:
        for stock in Catalogue(self._store).find(" ".join(options.words)):
            self._say(f"{stock.tool.code}  {stock.tool.name}  {stock.available} left")

    def do_daily(self, options: argparse.Namespace) -> None:
        self._say(Report(self._store, self._clock).daily())

    def do_serve(self, options: argparse.Namespace) -> None:
        router = Api(self._store, self._clock).router()
        with make_server("127.0.0.1", options.port, router) as server:
            self._say(f"listening on port {options.port}")
            server.serve_forever()

    def _say(self, text: str) -> None:
        print(text, file=self._out)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a rule that says no is one line on standard error and status 1."""
    options = parser().parse_args(arguments)
    store = Store(options.db)
    try:
        Terminal(store, SystemClock(), sys.stdout).run(options)
    except ShedError as problem:
        print(f"toolshed: {problem.detail}", file=sys.stderr)
        return 1
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
