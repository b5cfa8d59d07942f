import pytest

from toolshed.errors import BadRequest, Duplicate


def test_a_new_tool_is_on_the_wall(shed):
    shed.catalogue.add("SAW-01", "Hand saw", "wood", copies=3)
    assert shed.catalogue.stock("SAW-01").available == 3


@pytest.mark.parametrize(
    ("code", "name", "copies", "days"),
    [
        ("saw-01", "Hand saw", 1, 7),
        ("SAW1", "Hand saw", 1, 7),
        ("SAW-01", "  ", 1, 7),
        ("SAW-01", "Hand saw", 0, 7),
        ("SAW-01", "Hand saw", 1, 29),
    ],
)
def test_nonsense_is_refused(shed, code, name, copies, days):
    with pytest.raises(BadRequest):
        shed.catalogue.add(code, name, "wood", copies=copies, loan_days=days)


def test_a_code_is_used_once(shed):
    with pytest.raises(Duplicate):
        shed.catalogue.add("DRL-01", "Another drill", "power")


def test_every_word_must_match(shed):
    assert [stock.tool.code for stock in shed.catalogue.find("hammer power")] == ["DRL-01"]
    assert shed.catalogue.find("hammer garden") == []


def test_only_available_hides_what_is_out(shed):
    shed.desk.lend("DRL-01", "100")
    codes = [stock.tool.code for stock in shed.catalogue.find(only_available=True)]
    assert codes == ["LAD-01", "MOW-01"]


def test_a_retired_tool_is_not_found_but_still_known(shed):
    shed.catalogue.retire("MOW-01")
    assert shed.catalogue.find("mower") == []
    assert shed.catalogue.stock("MOW-01").tool.retired


def test_categories_are_counted(shed):
    assert shed.catalogue.categories() == {"access": 1, "garden": 1, "power": 1}
