"""What the shed owns: adding tools, finding them, and how many are on the wall."""

import re

from toolshed.errors import BadRequest
from toolshed.models import Stock, Tool
from toolshed.store import Store

CODE = re.compile(r"[A-Z]{3}-\d{2}")
LONGEST_LOAN = 28  # days


class Catalogue:
    """The tools of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, code: str, name: str, category: str, *, copies: int = 1, loan_days: int = 7
    ) -> Tool:
        """Add a tool under a new code such as "DRL-01"."""
        if not CODE.fullmatch(code):
            raise BadRequest(f"a code is three capitals, a dash and two digits, not {code!r}")
        if not name.strip():
            raise BadRequest("a tool needs a name")
        if copies < 1:
            raise BadRequest("the shed must own at least one copy")
        if not 1 <= loan_days <= LONGEST_LOAN:
            raise BadRequest(f"a loan lasts between 1 and {LONGEST_LOAN} days")
        with self._store.transaction():
            return self._store.add_tool(code, name.strip(), category.strip(), copies, loan_days)

    def stock(self, code: str) -> Stock:
        """One tool with the number of its copies that are out."""
        return self._stock(self._store.tool_by_code(code))

    def find(self, words: str = "", *, only_available: bool = False) -> list[Stock]:
        """Tools that match every word, by code."""
        found = [self._stock(tool) for tool in self._store.tools() if tool.matches(words)]
        return [stock for stock in found if stock.available or not only_available]

    def categories(self) -> dict[str, int]:
        """How many kinds of tool each category holds, by name of the category."""
        counts: dict[str, int] = {}
        for tool in self._store.tools():
            counts[tool.category] = counts.get(tool.category, 0) + 1
        return dict(sorted(counts.items()))

    def retire(self, code: str) -> Tool:
        """Stop lending a tool; copies that are out come back as usual."""
        with self._store.transaction():
            return self._store.retire_tool(self._store.tool_by_code(code).id)

    def _stock(self, tool: Tool) -> Stock:
        return Stock(tool, out=len(self._store.open_loans(tool_id=tool.id)))
