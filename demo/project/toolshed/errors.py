"""What can go wrong at the desk. The kiosk matches on `code`, people read `detail`."""


class ShedError(Exception):
    """Base of every error that a caller may see; `status` is the HTTP status it travels with."""

    code = "error"
    status = 400

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class BadRequest(ShedError):
    """The request itself makes no sense: a missing field, a negative number."""

    code = "bad_request"
    status = 400


class NotFound(ShedError):
    """No tool, member or loan answers to that name."""

    code = "not_found"
    status = 404


class Duplicate(ShedError):
    """A code or card number that is taken."""

    code = "duplicate"
    status = 409


class NoneLeft(ShedError):
    """Every copy of the tool is out."""

    code = "none_left"
    status = 409


class MemberBlocked(ShedError):
    """The member may not borrow: blocked by a volunteer, or something is overdue."""

    code = "member_blocked"
    status = 403


class TooManyLoans(ShedError):
    """The member has as many tools at home as one member may."""

    code = "too_many_loans"
    status = 409


class AlreadyReturned(ShedError):
    """The loan is closed; it can be neither returned nor renewed again."""

    code = "already_returned"
    status = 409


class RenewalRefused(ShedError):
    """The loan cannot be extended any further."""

    code = "renewal_refused"
    status = 409
