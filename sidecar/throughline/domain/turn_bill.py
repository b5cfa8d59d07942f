"""Bills of turns: the calls that were paid while a turn ran, in the words that a page and a terminal show."""

from __future__ import annotations

from attrs import evolve, frozen

from throughline.domain.events import CallBilled, Event, TurnEnded, TurnResumed, UserMessage
from throughline.domain.usage import rewrite_reason, rewrite_words


@frozen
class TurnBill:
    """What was paid while a turn ran, of whatever purpose, but what warmed the cache before it; a turn that goes on
    after a failure has one bill.
    """

    turn: int = 0
    calls: tuple[CallBilled, ...] = ()
    running: bool = False


def bill_event(bill: TurnBill, event: Event) -> TurnBill:
    """The bill of the turn that runs, after one more event."""
    match event:
        case UserMessage(turn=turn) if turn != bill.turn:
            return TurnBill(turn, running=True)
        case TurnResumed(turn=turn):
            return evolve(bill, running=True) if turn == bill.turn else TurnBill(turn, running=True)
        case TurnEnded():
            return evolve(bill, running=False)
        case CallBilled(purpose=purpose) if bill.running and purpose != "warm":
            return evolve(bill, calls=(*bill.calls, event))
        case _:
            return bill


def bill_words(bill: TurnBill) -> str:
    """The calls, their tokens and their price, in one line; nothing where there was no call."""
    if not bill.calls:
        return ""
    calls, thinking = len(bill.calls), sum(call.thinking for call in bill.calls)
    sent, cached = sum(call.prompt for call in bill.calls), sum(call.cache_read for call in bill.calls)
    out = f"{sum(call.output for call in bill.calls):,} out" + (f" ({thinking:,} thinking)" if thinking else "")
    many = f"{calls:,} call" + ("" if calls == 1 else "s")
    return f"{many} · {sent:,} in, {cached:,} cached · {out} · {_price(bill.calls)}"


def paid_again(bill: TurnBill) -> tuple[str, ...]:
    """Of what the provider had cached, how much was paid again, and for how much: a line for each reason."""
    tokens: dict[str, int] = {}
    dollars: dict[str, float | None] = {}
    for call in bill.calls:
        if why := rewrite_reason(call):
            tokens[why] = tokens.get(why, 0) + (call.rewritten or call.missed)
            before, paid = dollars.get(why, 0.0), call.rewritten_dollars
            dollars[why] = None if before is None or paid is None else before + paid
    return tuple(rewrite_words(why, size, dollars[why]) for why, size in tokens.items())


def _price(calls: tuple[CallBilled, ...]) -> str:
    known = [call.dollars for call in calls if call.dollars is not None]
    if not known:
        return "price unknown"
    missing = len(calls) - len(known)
    return f"${sum(known):.4f}" + (f", and {missing:,} without a known price" if missing else "")
