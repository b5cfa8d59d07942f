from dataclasses import dataclass

import pytest

from toolshed.api import Api
from toolshed.catalogue import Catalogue
from toolshed.clock import FixedClock
from toolshed.http import Request, Response, Router
from toolshed.lending import Desk
from toolshed.store import Store

SATURDAY = 1_793_440_800  # Sat 31 Oct 2026, 10:00 UTC


@dataclass(repr=False)
class Shed:
    """A small shed: one drill, two ladders, a mower, and three members."""

    store: Store
    clock: FixedClock
    catalogue: Catalogue
    desk: Desk
    router: Router

    def call(self, method: str, path: str, **body: object) -> Response:
        path, _, query = path.partition("?")
        pairs = dict(pair.split("=") for pair in query.split("&") if pair)
        return self.router.handle(Request(method, path, query=pairs, body=body))


@pytest.fixture
def shed():
    store, clock = Store(), FixedClock(SATURDAY)
    made = Shed(store, clock, Catalogue(store), Desk(store, clock), Api(store, clock).router())
    made.catalogue.add("DRL-01", "Hammer drill", "power", loan_days=7)
    made.catalogue.add("LAD-01", "Ladder, 3 m", "access", copies=2, loan_days=3)
    made.catalogue.add("MOW-01", "Push mower", "garden", loan_days=2)
    made.desk.join("100", "Ash")
    made.desk.join("200", "Birch")
    made.desk.join("300", "Cedar")
    yield made
    store.close()
