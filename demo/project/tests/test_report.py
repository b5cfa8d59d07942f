import io

from toolshed.cli import Terminal, parser
from toolshed.report import Report, fit


def run(shed, *arguments):
    out = io.StringIO()
    Terminal(shed.store, shed.clock, out).run(parser().parse_args(arguments))
    return out.getvalue()


def test_an_empty_sheet_says_so(shed):
    assert Report(shed.store, shed.clock).overdue() == (
        "Overdue on Sat 31 Oct\n---------------------\nnothing"
    )


def test_late_loans_are_on_the_sheet(shed):
    shed.desk.lend("MOW-01", "100")
    shed.clock.advance(days=5)
    line = Report(shed.store, shed.clock).overdue().splitlines()[-1]
    assert line.startswith("MOW-01  Push mower, Ash (100)")
    assert line.endswith("late: 3 days")


def test_lines_are_cut_to_the_printer(shed):
    assert fit("a" * 20, "end", width=12) == "aaaaaaa… end"


def test_the_daily_sheet_has_both_parts(shed):
    shed.desk.lend("LAD-01", "200")
    text = Report(shed.store, shed.clock).daily()
    assert "Overdue on Sat 31 Oct" in text
    assert "due Tue 3 Nov" in text


def test_the_terminal_lends_and_takes_back(shed):
    assert run(shed, "lend", "DRL-01", "100") == "loan 1, due Sat 7 Nov\n"
    assert run(shed, "return", "1") == "loan 1 closed\n"


def test_the_terminal_finds(shed):
    assert run(shed, "find", "ladder") == "LAD-01  Ladder, 3 m  2 left\n"
