"""What calls cost: prices are data with a date, a bill adds up by purpose."""

from __future__ import annotations

from attrs import evolve, field, frozen

from throughline.core.events import CallBilled, Purpose


@frozen
class Usage:
    """One reply's tokens, in the model's own count: `input` leaves out what the cache held or took. Of what it took,
    `hour` is what it keeps for an hour; the rest it keeps for five minutes.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    hour: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that were sent."""
        return self.input + self.cache_read + self.cache_write


@frozen
class Price:
    """Dollars per million tokens, None for what is not known; `hour` is a cache write that is kept for an hour."""

    input: float
    output: float
    cache_write: float | None = None
    cache_read: float | None = None
    hour: float | None = None


def dollars(usage: Usage, price: Price) -> float | None:
    """The cost of one call in dollars; None where it used something whose price is not known."""
    parts = (
        (usage.input, price.input),
        (usage.output, price.output),
        (usage.cache_write - usage.hour, price.cache_write),
        (usage.hour, price.hour),
        (usage.cache_read, price.cache_read),
    )
    total = 0.0
    for count, each in parts:
        if count and each is None:
            return None
        total += count * (each or 0.0)
    return total / 1e6


def break_even(price: Price) -> float | None:
    """How much must be read again after pauses of five minutes to an hour, for one token that is written, until a cache
    that lasts an hour costs less than one that lasts five minutes; None where a price is not known.

    What a pause lets go cold is written anew, at `cache_write` in place of `cache_read`; an hour's entry does not go
    cold, but every token that enters it costs `hour` in place of `cache_write`.
    """
    if price.cache_write is None or price.cache_read is None or price.hour is None:
        return None
    if price.cache_write <= price.cache_read:
        return None
    return (price.hour - price.cache_write) / (price.cache_write - price.cache_read)


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
