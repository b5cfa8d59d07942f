"""A very small web layer: requests, responses, and a router that is a WSGI application."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from toolshed.errors import BadRequest, NotFound, ShedError

BODY_LIMIT = 64 * 1024  # bytes

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


@dataclass(frozen=True)
class Request:
    """What a handler gets: path parameters, query and the JSON body, already parsed."""

    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A string that the body must hold."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value.strip():
            raise BadRequest(f"the field {name!r} must be a text")
        return value.strip()

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number that the body must hold, unless there is a default."""
        value = self.body.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadRequest(f"the field {name!r} must be a whole number")
        return value


@dataclass(frozen=True)
class Response:
    """A status and a JSON value."""

    body: Any
    status: int = 200


Handler = Callable[[Request], Response]


class Router:
    """Routes such as "GET /tools/{code}" to handlers, and errors to their status."""

    def __init__(self, on_error: Callable[[ShedError], Any]) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._on_error = on_error

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Register a handler; a segment in braces becomes a parameter."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        self._routes.append((method, re.compile(pattern), handler))

    def handle(self, request: Request) -> Response:
        """Find the handler and run it. Every ShedError becomes a response."""
        try:
            for method, pattern, handler in self._routes:
                match = pattern.fullmatch(request.path)
                if match and method == request.method:
                    return handler(
                        Request(
                            request.method,
                            request.path,
                            match.groupdict(),
                            request.query,
                            request.body,
                        )
                    )
            raise NotFound(f"nothing at {request.method} {request.path}")
        except ShedError as problem:
            return Response(self._on_error(problem), problem.status)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            response = self.handle(parse(environ))
        except ShedError as problem:
            response = Response(self._on_error(problem), problem.status)
        payload = json.dumps(response.body, separators=(",", ":")).encode()
        phrase = HTTPStatus(response.status).phrase
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(payload))),
        ]
        start_response(f"{response.status} {phrase}", headers)
        return [payload]


def parse(environ: Environ) -> Request:
    """Read a WSGI environment; the body must be a JSON object or empty."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > BODY_LIMIT:
        raise BadRequest(f"a body holds at most {BODY_LIMIT} bytes")
    raw = environ["wsgi.input"].read(length) if length else b""
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as problem:
        raise BadRequest("the body is not JSON") from problem
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return Request(
        method=environ.get("REQUEST_METHOD", "GET").upper(),
        path=environ.get("PATH_INFO", "/").rstrip("/") or "/",
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""))),
        body=body,
    )
