"""Plain text for the noticeboard and the clipboard: what is late, what is out."""

from toolshed.clock import Clock, day_name
from toolshed.models import Loan
from toolshed.store import Store

WIDTH = 64  # characters that the receipt printer puts on a line


class Report:
    """The sheets that a volunteer prints in the morning."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def overdue(self) -> str:
        """One line for each late loan, the latest first."""
        now = self._clock.now()
        late = [loan for loan in self._store.open_loans() if loan.overdue(now)]
        return self._sheet("Overdue", [self._late_line(loan, now) for loan in late])

    def out(self) -> str:
        """One line for each tool that is out, by due date."""
        loans = self._store.open_loans()
        return self._sheet("Out", [self._out_line(loan) for loan in loans])

    def daily(self) -> str:
        """All sheets of the morning, one after the other."""
        return f"{self.overdue()}\n\n{self.out()}"

    def _late_line(self, loan: Loan, now: int) -> str:
        days = loan.days_late(now)
        late = "today" if days == 0 else "1 day" if days == 1 else f"{days} days"
        return self._line(loan, f"late: {late}")

    def _out_line(self, loan: Loan) -> str:
        return self._line(loan, f"due {day_name(loan.due_at)}")

    def _line(self, loan: Loan, note: str) -> str:
        tool = self._store.tool(loan.tool_id)
        member = self._store.member(loan.member_id)
        left = f"{tool.code}  {tool.name}, {member.name} ({member.card})"
        return fit(left, note)

    def _sheet(self, title: str, lines: list[str]) -> str:
        heading = f"{title} on {day_name(self._clock.now())}"
        return "\n".join([heading, "-" * len(heading), *(lines or ["nothing"])])


def fit(left: str, right: str, width: int = WIDTH) -> str:
    """Two texts on one line, the right one flush right, the left one cut if it must be."""
    room = width - len(right) - 1
    if len(left) > room:
        left = left[: room - 1] + "…"
    return f"{left:<{room}} {right}"
