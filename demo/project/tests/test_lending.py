import pytest

from toolshed.clock import DAY
from toolshed.errors import (
    AlreadyReturned,
    MemberBlocked,
    NoneLeft,
    NotFound,
    RenewalRefused,
    TooManyLoans,
)


def test_a_loan_is_due_after_the_tools_own_term(shed):
    loan = shed.desk.lend("LAD-01", "100")
    assert loan.due_at - loan.lent_at == 3 * DAY


def test_the_last_copy_can_only_leave_once(shed):
    shed.desk.lend("DRL-01", "100")
    with pytest.raises(NoneLeft):
        shed.desk.lend("DRL-01", "200")


def test_a_returned_copy_can_leave_again(shed):
    shed.desk.give_back(shed.desk.lend("DRL-01", "100").id)
    assert shed.desk.lend("DRL-01", "200").open


def test_a_loan_is_returned_once(shed):
    loan = shed.desk.lend("DRL-01", "100")
    shed.desk.give_back(loan.id)
    with pytest.raises(AlreadyReturned):
        shed.desk.give_back(loan.id)


@pytest.mark.parametrize(("days", "late"), [(6, 0), (7, 0), (8, 1), (17, 10)])
def test_lateness_counts_full_days(shed, days, late):
    loan = shed.desk.lend("DRL-01", "100")
    shed.clock.advance(days=days)
    assert shed.desk.give_back(loan.id).days_late == late


def test_a_member_with_something_overdue_borrows_nothing(shed):
    shed.desk.lend("MOW-01", "100")
    shed.clock.advance(days=3)
    with pytest.raises(MemberBlocked):
        shed.desk.lend("DRL-01", "100")


def test_a_blocked_member_borrows_nothing(shed):
    shed.store.block_member(shed.store.member_by_card("100").id, True)
    with pytest.raises(MemberBlocked):
        shed.desk.lend("DRL-01", "100")


def test_a_member_takes_home_four_tools_at_most(shed):
    shed.catalogue.add("SAW-01", "Hand saw", "wood", copies=5)
    for _ in range(4):
        shed.desk.lend("SAW-01", "100")
    with pytest.raises(TooManyLoans):
        shed.desk.lend("SAW-01", "100")


def test_a_renewal_counts_from_the_due_time(shed):
    loan = shed.desk.lend("DRL-01", "100")
    shed.clock.advance(days=5)
    assert shed.desk.renew(loan.id).due_at == loan.due_at + 7 * DAY


def test_the_third_renewal_is_refused(shed):
    loan = shed.desk.lend("DRL-01", "100")
    shed.desk.renew(loan.id)
    shed.desk.renew(loan.id)
    with pytest.raises(RenewalRefused):
        shed.desk.renew(loan.id)


def test_an_overdue_loan_is_not_renewed(shed):
    loan = shed.desk.lend("MOW-01", "100")
    shed.clock.advance(days=3)
    with pytest.raises(RenewalRefused):
        shed.desk.renew(loan.id)


def test_unknown_names_are_not_found(shed):
    for code, card in [("XXX-99", "100"), ("DRL-01", "999")]:
        with pytest.raises(NotFound):
            shed.desk.lend(code, card)


def test_history_is_newest_first(shed):
    first = shed.desk.lend("DRL-01", "100")
    shed.clock.advance(hours=1)
    second = shed.desk.lend("LAD-01", "100")
    assert [loan.id for loan in shed.desk.history("100")] == [second.id, first.id]
