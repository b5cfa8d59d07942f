"""What calls cost: prices are data with a date, a bill adds up by purpose."""

from __future__ import annotations

from attrs import evolve, field, frozen

from throughline.core.events import CallBilled, Purpose


@frozen
class Usage:
    """One reply's tokens, in the model's own count: `input` leaves out what the cache held or took."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that were sent."""
        return self.input + self.cache_read + self.cache_write


@frozen
class Price:
    """Dollars per million tokens."""

    input: float
    output: float
    cache_write: float
    cache_read: float


def dollars(usage: Usage, price: Price) -> float:
    """The cost of one call in dollars."""
    return (
        usage.input * price.input + usage.output * price.output
        + usage.cache_write * price.cache_write + usage.cache_read * price.cache_read
    ) / 1e6  # fmt: skip


@frozen
class Line:
    """The calls of one purpose added up; `unpriced` of them have no known price."""

    calls: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    dollars: float = 0.0
    unpriced: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that were sent."""
        return self.input + self.cache_read + self.cache_write


@frozen
class Bill:
    """Lines by purpose."""

    lines: dict[Purpose, Line] = field(factory=dict)

    @property
    def total(self) -> Line:
        """All purposes in one line."""
        total = Line()
        for line in self.lines.values():
            total = add(total, line)
        return total


def charge(bill: Bill, call: CallBilled) -> Bill:
    """The bill with one more call."""
    known = call.dollars is not None
    line = Line(1, call.input, call.output, call.cache_read, call.cache_write, call.dollars or 0.0, 0 if known else 1)
    return evolve(bill, lines={**bill.lines, call.purpose: add(bill.lines.get(call.purpose, Line()), line)})


def add(left: Line, right: Line) -> Line:
    """Two lines as one."""
    return Line(
        left.calls + right.calls,
        left.input + right.input,
        left.output + right.output,
        left.cache_read + right.cache_read,
        left.cache_write + right.cache_write,
        left.dollars + right.dollars,
        left.unpriced + right.unpriced,
    )
