"""Values as JSON. The kiosk reads these fields by name: add to them, never rename or remove."""

from typing import Any

from toolshed.errors import ShedError
from toolshed.lending import Returned
from toolshed.models import Loan, Member, Stock

Json = dict[str, Any]


def stock(value: Stock) -> Json:
    tool = value.tool
    return {
        "code": tool.code,
        "name": tool.name,
        "category": tool.category,
        "copies": tool.copies,
        "out": value.out,
        "available": value.available,
        "loan_days": tool.loan_days,
        "retired": tool.retired,
    }


def member(value: Member) -> Json:
    return {
        "card": value.card,
        "name": value.name,
        "joined_at": value.joined_at,
        "blocked": value.blocked,
    }


def loan(value: Loan, now: int) -> Json:
    return {
        "id": value.id,
        "tool_id": value.tool_id,
        "lent_at": value.lent_at,
        "due_at": value.due_at,
        "returned_at": value.returned_at,
        "renewals": value.renewals,
        "overdue": value.overdue(now),
    }


def returned(value: Returned, now: int) -> Json:
    return {"loan": loan(value.loan, now), "days_late": value.days_late}


def error(value: ShedError) -> Json:
    return {"error": value.code, "detail": value.detail}
