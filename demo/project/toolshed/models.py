"""The things in the shed, as frozen values. The store makes them, nobody changes them."""

from dataclasses import dataclass

from toolshed.clock import whole_days


@dataclass(frozen=True)
class Tool:
    """A kind of tool of which the shed owns `copies` interchangeable pieces."""

    id: int
    code: str
    name: str
    category: str
    copies: int
    loan_days: int
    retired: bool = False

    def matches(self, words: str) -> bool:
        """Whether every word occurs in the code, the name or the category."""
        text = f"{self.code} {self.name} {self.category}".lower()
        return all(word in text for word in words.lower().split())


@dataclass(frozen=True)
class Member:
    """Somebody with a card. `blocked` is set by a volunteer, never by a rule."""

    id: int
    card: str
    name: str
    joined_at: int
    blocked: bool = False


@dataclass(frozen=True)
class Loan:
    """One copy of a tool at one member's home; open until `returned_at` is set."""

    id: int
    tool_id: int
    member_id: int
    lent_at: int
    due_at: int
    returned_at: int | None = None
    renewals: int = 0

    @property
    def open(self) -> bool:
        return self.returned_at is None

    def overdue(self, now: int) -> bool:
        """An open loan is overdue from the second after it was due."""
        return self.open and now > self.due_at

    def days_late(self, now: int) -> int:
        """Full days past the due time, counted to the return if there was one."""
        end = now if self.returned_at is None else self.returned_at
        return whole_days(end - self.due_at)


@dataclass(frozen=True)
class Stock:
    """How many copies of a tool there are, and how many can leave the shed now."""

    tool: Tool
    out: int

    @property
    def available(self) -> int:
        return max(0, self.tool.copies - self.out)
