import io
import json

import pytest


def test_a_tool_shows_its_stock(shed):
    answer = shed.call("GET", "/tools/LAD-01")
    assert answer.status == 200
    assert answer.body == {
        "code": "LAD-01",
        "name": "Ladder, 3 m",
        "category": "access",
        "copies": 2,
        "out": 0,
        "available": 2,
        "loan_days": 3,
        "retired": False,
    }


def test_lending_over_the_api(shed):
    answer = shed.call("POST", "/loans", code="DRL-01", card="100")
    assert answer.status == 201
    assert answer.body["renewals"] == 0
    assert not answer.body["overdue"]
    assert shed.call("GET", "/tools/DRL-01").body["available"] == 0


def test_returning_over_the_api(shed):
    loan = shed.call("POST", "/loans", code="DRL-01", card="100").body
    answer = shed.call("POST", f"/loans/{loan['id']}/return")
    assert answer.body["days_late"] == 0
    assert answer.body["loan"]["returned_at"] == shed.clock.now()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/tools/XXX-99", {}, 404, "not_found"),
        ("GET", "/nowhere", {}, 404, "not_found"),
        ("POST", "/loans", {"code": "DRL-01"}, 400, "bad_request"),
        ("POST", "/loans/one/return", {}, 400, "bad_request"),
        ("POST", "/members", {"card": "100", "name": "Ash"}, 409, "duplicate"),
        ("POST", "/tools", {"code": "x", "name": "x", "category": "x"}, 400, "bad_request"),
    ],
)
def test_errors_have_a_status_and_a_code(shed, method, path, body, status, code):
    answer = shed.call(method, path, **body)
    assert (answer.status, answer.body["error"]) == (status, code)


def test_search_by_query(shed):
    shed.call("POST", "/loans", code="DRL-01", card="100")
    tools = shed.call("GET", "/tools?q=d&available=1").body["tools"]
    assert [tool["code"] for tool in tools] == ["LAD-01", "MOW-01"]


def test_overdue_loans_are_listed(shed):
    shed.call("POST", "/loans", code="MOW-01", card="100")
    shed.clock.advance(days=3)
    loans = shed.call("GET", "/overdue").body["loans"]
    assert [loan["overdue"] for loan in loans] == [True]


def test_the_router_is_a_wsgi_application(shed):
    started = []
    raw = b'{"code": "DRL-01", "card": "100"}'
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/loans/",
        "CONTENT_LENGTH": str(len(raw)),
        "wsgi.input": io.BytesIO(raw),
    }
    chunks = shed.router(environ, lambda status, headers: started.append(status))
    assert started == ["201 Created"]
    assert json.loads(b"".join(chunks))["renewals"] == 0
