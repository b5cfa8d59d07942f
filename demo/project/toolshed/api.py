"""The JSON API that the kiosk and the volunteers' phones talk to."""

from toolshed import views
from toolshed.catalogue import Catalogue
from toolshed.clock import Clock
from toolshed.errors import BadRequest
from toolshed.http import Request, Response, Router
from toolshed.lending import Desk
from toolshed.store import Store


class Api:
    """One handler for each route; a handler reads, calls a rule and shows the result."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._catalogue = Catalogue(store)
        self._desk = Desk(store, clock)

    def router(self) -> Router:
        """Every route of the service."""
        router = Router(views.error)
        router.add("GET", "/health", self.health)
        router.add("GET", "/tools", self.find_tools)
        router.add("POST", "/tools", self.add_tool)
        router.add("GET", "/tools/{code}", self.show_tool)
        router.add("GET", "/categories", self.categories)
        router.add("POST", "/members", self.add_member)
        router.add("GET", "/members/{card}/loans", self.member_loans)
        router.add("GET", "/members/{card}/history", self.member_history)
        router.add("POST", "/loans", self.lend)
        router.add("POST", "/loans/{id}/return", self.give_back)
        router.add("POST", "/loans/{id}/renew", self.renew)
        router.add("GET", "/overdue", self.overdue)
        return router

    def health(self, request: Request) -> Response:
        return Response({"ok": True, "now": self._clock.now()})

    def find_tools(self, request: Request) -> Response:
        """?q=words, ?available=1"""
        found = self._catalogue.find(
            request.query.get("q", ""),
            only_available=request.query.get("available") == "1",
        )
        return Response({"tools": [views.stock(stock) for stock in found]})

    def add_tool(self, request: Request) -> Response:
        tool = self._catalogue.add(
            request.text("code"),
            request.text("name"),
            request.text("category"),
            copies=request.number("copies", 1),
            loan_days=request.number("loan_days", 7),
        )
        return Response(views.stock(self._catalogue.stock(tool.code)), 201)

    def show_tool(self, request: Request) -> Response:
        return Response(views.stock(self._catalogue.stock(request.params["code"])))

    def categories(self, request: Request) -> Response:
        return Response({"categories": self._catalogue.categories()})

    def add_member(self, request: Request) -> Response:
        member = self._desk.join(request.text("card"), request.text("name"))
        return Response(views.member(member), 201)

    def member_loans(self, request: Request) -> Response:
        now = self._clock.now()
        loans = self._desk.loans(request.params["card"])
        return Response({"loans": [views.loan(loan, now) for loan in loans]})

    def member_history(self, request: Request) -> Response:
        now = self._clock.now()
        loans = self._desk.history(request.params["card"])
        return Response({"loans": [views.loan(loan, now) for loan in loans]})

    def lend(self, request: Request) -> Response:
        loan = self._desk.lend(request.text("code"), request.text("card"))
        return Response(views.loan(loan, self._clock.now()), 201)

    def give_back(self, request: Request) -> Response:
        returned = self._desk.give_back(loan_id(request))
        return Response(views.returned(returned, self._clock.now()))

    def renew(self, request: Request) -> Response:
        loan = self._desk.renew(loan_id(request))
        return Response(views.loan(loan, self._clock.now()))

    def overdue(self, request: Request) -> Response:
        now = self._clock.now()
        return Response({"loans": [views.loan(loan, now) for loan in self._desk.overdue()]})


def loan_id(request: Request) -> int:
    """The {id} of the path as a number."""
    try:
        return int(request.params["id"])
    except ValueError as problem:
        raise BadRequest("a loan has a number") from problem
