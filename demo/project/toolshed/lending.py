"""The rules of the desk: who may take what, until when, and what happens when it comes back."""

from dataclasses import dataclass

from toolshed.clock import DAY, Clock
from toolshed.errors import (
    AlreadyReturned,
    MemberBlocked,
    NoneLeft,
    RenewalRefused,
    TooManyLoans,
)
from toolshed.models import Loan, Member, Stock, Tool
from toolshed.store import Store

MOST_LOANS = 4  # tools that one member may have at home
MOST_RENEWALS = 2  # times that one loan may be extended


@dataclass(frozen=True)
class Returned:
    """A closed loan, and how late it was in full days."""

    loan: Loan
    days_late: int


class Desk:
    """Lends, takes back and renews, for one store at the time of one clock."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def join(self, card: str, name: str) -> Member:
        """Register a member under a new card number."""
        with self._store.transaction():
            return self._store.add_member(card, name, self._clock.now())

    def lend(self, code: str, card: str) -> Loan:
        """Hand one copy of a tool to a member, due at the tool's own term."""
        now = self._clock.now()
        with self._store.transaction():
            tool = self._store.tool_by_code(code)
            member = self._store.member_by_card(card)
            self._check_member(member, now)
            self._check_stock(tool)
            return self._store.add_loan(tool.id, member.id, now, now + tool.loan_days * DAY)

    def give_back(self, loan_id: int) -> Returned:
        """Close a loan."""
        now = self._clock.now()
        with self._store.transaction():
            self._check_open(self._store.loan(loan_id))
            loan = self._store.close_loan(loan_id, now)
        return Returned(loan, loan.days_late(now))

    def renew(self, loan_id: int) -> Loan:
        """Extend a loan by the tool's term, counted from the day it was due."""
        now = self._clock.now()
        with self._store.transaction():
            loan = self._store.loan(loan_id)
            self._check_open(loan)
            if loan.overdue(now):
                raise RenewalRefused("an overdue loan cannot be renewed, only returned")
            if loan.renewals >= MOST_RENEWALS:
                raise RenewalRefused(f"a loan can be renewed {MOST_RENEWALS} times")
            tool = self._store.tool(loan.tool_id)
            return self._store.extend_loan(loan.id, loan.due_at + tool.loan_days * DAY)

    def loans(self, card: str) -> list[Loan]:
        """What a member has at home, the first due first."""
        return self._store.open_loans(member_id=self._store.member_by_card(card).id)

    def history(self, card: str) -> list[Loan]:
        """Every loan that a member ever had, the newest first."""
        return self._store.history(self._store.member_by_card(card).id)

    def overdue(self) -> list[Loan]:
        """Open loans past their due time, the latest first."""
        now = self._clock.now()
        return [loan for loan in self._store.open_loans() if loan.overdue(now)]

    def _check_member(self, member: Member, now: int) -> None:
        if member.blocked:
            raise MemberBlocked(f"{member.name} is blocked; ask a volunteer")
        open_loans = self._store.open_loans(member_id=member.id)
        if any(loan.overdue(now) for loan in open_loans):
            raise MemberBlocked(f"{member.name} has something overdue")
        if len(open_loans) >= MOST_LOANS:
            raise TooManyLoans(f"{member.name} has {len(open_loans)} tools already")

    def _check_stock(self, tool: Tool) -> None:
        stock = Stock(tool, out=len(self._store.open_loans(tool_id=tool.id)))
        if tool.retired or not stock.available:
            raise NoneLeft(f"no {tool.name} on the wall")

    @staticmethod
    def _check_open(loan: Loan) -> None:
        if not loan.open:
            raise AlreadyReturned(f"loan {loan.id} is closed")
