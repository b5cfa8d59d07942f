"""All the SQL there is. Methods take and return the values of `models`; rules live elsewhere."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from toolshed.errors import Duplicate, NotFound
from toolshed.models import Loan, Member, Tool
from toolshed.schema import migrate

TOOL = "id, code, name, category, copies, loan_days, retired"
MEMBER = "id, card, name, joined_at, blocked"
LOAN = "id, tool_id, member_id, lent_at, due_at, returned_at, renewals"


class Store:
    """One SQLite database. Writes happen inside `with store.transaction():`."""

    def __init__(self, path: str = ":memory:") -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA foreign_keys = ON")
        self._depth = 0
        migrate(self._db)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. An inner transaction joins the outer one."""
        if self._depth == 0:
            self._db.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._db.execute("COMMIT")

    # Tools

    def add_tool(self, code: str, name: str, category: str, copies: int, loan_days: int) -> Tool:
        """Store a new tool; its code must be free."""
        try:
            cursor = self._db.execute(
                "INSERT INTO tools (code, name, category, copies, loan_days)"
                " VALUES (?, ?, ?, ?, ?)",
                (code, name, category, copies, loan_days),
            )
        except sqlite3.IntegrityError as problem:
            raise Duplicate(f"there is already a tool {code}") from problem
        return self.tool(self._id(cursor))

    def tool(self, tool_id: int) -> Tool:
        row = self._one(f"SELECT {TOOL} FROM tools WHERE id = ?", tool_id)
        if row is None:
            raise NotFound(f"no tool {tool_id}")
        return self._tool(row)

    def tool_by_code(self, code: str) -> Tool:
        row = self._one(f"SELECT {TOOL} FROM tools WHERE code = ?", code)
        if row is None:
            raise NotFound(f"no tool {code}")
        return self._tool(row)

    def tools(self, *, retired: bool = False) -> list[Tool]:
        """Every tool by code; those no longer lent only when asked for."""
        rows = self._all(f"SELECT {TOOL} FROM tools WHERE retired <= ? ORDER BY code", retired)
        return [self._tool(row) for row in rows]

    def retire_tool(self, tool_id: int) -> Tool:
        self._db.execute("UPDATE tools SET retired = 1 WHERE id = ?", (tool_id,))
        return self.tool(tool_id)

    # Members

    def add_member(self, card: str, name: str, joined_at: int) -> Member:
        """Store a new member; the card number must be free."""
        try:
            cursor = self._db.execute(
                "INSERT INTO members (card, name, joined_at) VALUES (?, ?, ?)",
                (card, name, joined_at),
            )
        except sqlite3.IntegrityError as problem:
            raise Duplicate(f"card {card} is taken") from problem
        return self.member(self._id(cursor))

    def member(self, member_id: int) -> Member:
        row = self._one(f"SELECT {MEMBER} FROM members WHERE id = ?", member_id)
        if row is None:
            raise NotFound(f"no member {member_id}")
        return self._member(row)

    def member_by_card(self, card: str) -> Member:
        row = self._one(f"SELECT {MEMBER} FROM members WHERE card = ?", card)
        if row is None:
            raise NotFound(f"no member with card {card}")
        return self._member(row)

    def block_member(self, member_id: int, blocked: bool) -> Member:
        self._db.execute("UPDATE members SET blocked = ? WHERE id = ?", (blocked, member_id))
        return self.member(member_id)

    # Loans

    def add_loan(self, tool_id: int, member_id: int, lent_at: int, due_at: int) -> Loan:
        cursor = self._db.execute(
            "INSERT INTO loans (tool_id, member_id, lent_at, due_at) VALUES (?, ?, ?, ?)",
            (tool_id, member_id, lent_at, due_at),
        )
        return self.loan(self._id(cursor))

    def loan(self, loan_id: int) -> Loan:
        row = self._one(f"SELECT {LOAN} FROM loans WHERE id = ?", loan_id)
        if row is None:
            raise NotFound(f"no loan {loan_id}")
        return Loan(*row)

    def close_loan(self, loan_id: int, returned_at: int) -> Loan:
        self._db.execute("UPDATE loans SET returned_at = ? WHERE id = ?", (returned_at, loan_id))
        return self.loan(loan_id)

    def extend_loan(self, loan_id: int, due_at: int) -> Loan:
        self._db.execute(
            "UPDATE loans SET due_at = ?, renewals = renewals + 1 WHERE id = ?",
            (due_at, loan_id),
        )
        return self.loan(loan_id)

    def open_loans(self, *, tool_id: int | None = None, member_id: int | None = None) -> list[Loan]:
        """Loans that are still out, the longest due first."""
        where, values = ["returned_at IS NULL"], []
        if tool_id is not None:
            where.append("tool_id = ?")
            values.append(tool_id)
        if member_id is not None:
            where.append("member_id = ?")
            values.append(member_id)
        condition = " AND ".join(where)
        query = f"SELECT {LOAN} FROM loans WHERE {condition} ORDER BY due_at, id"
        return [Loan(*row) for row in self._all(query, *values)]

    def history(self, member_id: int) -> list[Loan]:
        """Every loan of a member, the newest first."""
        query = f"SELECT {LOAN} FROM loans WHERE member_id = ? ORDER BY lent_at DESC, id DESC"
        return [Loan(*row) for row in self._all(query, member_id)]

    # Rows

    def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        return self._db.execute(query, values).fetchone()

    def _all(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._db.execute(query, values).fetchall()

    @staticmethod
    def _id(cursor: sqlite3.Cursor) -> int:
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    @staticmethod
    def _tool(row: tuple[Any, ...]) -> Tool:
        return Tool(*row[:-1], retired=bool(row[-1]))

    @staticmethod
    def _member(row: tuple[Any, ...]) -> Member:
        return Member(*row[:-1], blocked=bool(row[-1]))
