"""A Messages API server for tests: on the loopback, by scripted replies, or an echo when run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, TextIO
from urllib.parse import parse_qs, urlsplit

import click
from attrs import evolve, field, frozen

from throughline.domain.usage import Usage
from throughline.testing.model_rules import capable_entry, known_models
from throughline.testing.provider_contract import ContractError, Prefixes, ProviderContract, rough
from throughline.testing.scripted_replies import (
    Json,
    Script,
    ScriptedReply,
    echo,
    error,
    follow,
    message,
    parse_script,
    refusal_body,
    stream_events,
)

__all__ = ["MessagesServer", "Received", "ScriptedReply", "ServerConditions"]

_PHRASES = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}
_COUNT = "/v1/messages/count_tokens"


@frozen
class ServerConditions:
    """What a server has beside its script: a cache that makes the usage of its replies, the models it lists (or a
    listing as it is), the key it wants, the paths and parameters that it does not know, and the contract that it holds
    its callers to, each model's by its own rules; None for a server of another make, which has none.
    """

    cache: Prefixes | None = None
    models: Sequence[Json] = field(factory=lambda: tuple(map(capable_entry, known_models())))
    listing: Json | None = None
    key: str = ""
    lacks: frozenset[str] = frozenset()
    contract: ProviderContract | None = field(factory=ProviderContract)


@frozen
class Received:
    """A request as it came in; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Json


class MessagesServer:
    """Serves at `url` within `async with FakeMessages([Reply(text="Hello")]) as fake`, a reply a message.

    Instead of a list, a function may make the reply from the request's body.
    """

    def __init__(self, script: Script, port: int = 0, ground: ServerConditions | None = None) -> None:
        self.requests: list[Received] = []
        self.came = asyncio.Event()  # Set when a request has come in.
        self.stalled = asyncio.Event()  # Set when an answer has stalled.
        self.gone = asyncio.Event()  # Set when a client has left an answer that was held or stalled.
        self.url = ""
        self._reply = script if callable(script) else follow(script)
        self._ground = ground or ServerConditions()
        self._port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens on the loopback, on the port given or, for 0, on any free one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stops listening and hangs up on everyone."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection: every reply says that it closes."""
        try:
            # A client may hang up at any time, and tests do it on purpose.
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                try:
                    received = await _receive(reader)
                except ValueError:
                    await _send(writer, 400, error("invalid_request_error", "not a request with a JSON body"))
                    return
                self.requests.append(received)
                self.came.set()
                await self._answer(received, reader, writer)
        finally:
            writer.close()

    async def _answer(self, received: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = received.path.partition("?")[0]
        if self._ground.key and received.headers.get("authorization") != f"Bearer {self._ground.key}":
            await _send(writer, 401, error("authentication_error", "invalid bearer token"))
        elif path in self._ground.lacks:
            await _send(writer, 404, error("not_found_error", f"no such path: {path}"))
        elif path == "/v1/messages":
            await self._speak(received, reader, writer)
        elif path == _COUNT:
            cache = self._ground.cache
            tokens = cache.tokens(received.body) if cache else rough(received.body)
            await _send(writer, 200, {"input_tokens": tokens})
        elif path == "/v1/models":
            await _send(writer, 200, self._ground.listing or self._page(received.path))
        elif path.startswith("/v1/models/"):
            name = path.rpartition("/")[2]
            found = next((model for model in self._ground.models if model["id"] == name), None)
            await _send(writer, 200 if found else 404, found or error("not_found_error", f"model: {name}"))
        else:
            await _send(writer, 404, error("not_found_error", f"no such path: {path}"))

    async def _speak(self, received: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body, contract = received.body, self._ground.contract
        unknown = next(iter(sorted(self._ground.lacks.intersection(_fields(body)))), "")
        if unknown:
            await _send(writer, 400, error("invalid_request_error", f"{unknown}: Extra inputs are not permitted"))
            return
        checked = None
        if contract:
            try:
                checked = contract.check(body, received.headers)
            except ContractError as wrong:
                await _send(writer, 400, error("invalid_request_error", str(wrong), wrong.code))
                return
        reply = self._reply(body)
        if contract and checked and reply.status == 200:
            reply = contract.signed(reply, checked)
        if reply.held is not None and not await _released(reply.held, reader):
            self.gone.set()
            return
        if reply.raw is not None:
            await _send(writer, reply.status, reply.raw)
            return
        if reply.status != 200:
            wait = {} if reply.retry_after is None else {"retry-after": f"{reply.retry_after:g}"}
            await _send(writer, reply.status, refusal_body(reply), wait)
            return
        if contract and checked:
            name = f"msg_{len(self.requests)}"
            told = checked.transformations()
            reply = evolve(reply, name=name, diagnostics=contract.diagnostics(body), dropped=told)
            contract.answered(name, body)
        try:
            reply = self._billed(reply, checked.shown() if checked else body)
        except ContractError as mistake:
            await _send(writer, 400, error("invalid_request_error", str(mistake)))
            return
        if body.get("stream"):
            await self._stream(reply, body, reader, writer)
        else:
            await _send(writer, 200, message(reply, body))

    def _billed(self, reply: ScriptedReply, body: Json) -> ScriptedReply:
        """The reply with what the cache makes of its prompt; a server without a cache says what the script says."""
        if self._ground.cache is None:
            return reply
        split = self._ground.cache.split(body)
        usage = Usage(split.fresh, reply.usage.output, split.read, split.written, split.hour)
        return evolve(reply, usage=usage)

    def _page(self, path: str) -> Json:
        """A page of the models, in the stages of life that were asked for: active and deprecated ones, if none."""
        asked = parse_qs(urlsplit(path).query)
        stages = asked.get("lifecycle[]") or asked.get("lifecycle") or ["active", "deprecated"]
        models = [model for model in self._ground.models if model.get("lifecycle", "active") in stages]
        limit, after = int(asked.get("limit", ["20"])[0]), asked.get("after_id", [""])[0]
        start = next((place + 1 for place, model in enumerate(models) if model["id"] == after), 0)
        page = models[start : start + limit]
        ids = [model["id"] for model in page] or [None]
        return {"data": page, "has_more": start + limit < len(models), "first_id": ids[0], "last_id": ids[-1]}

    async def _stream(
        self, reply: ScriptedReply, body: Json, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(_head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        for count, event in enumerate(stream_events(reply, body)):
            if count == reply.cut_after:
                return
            if count == reply.stall_after:
                self.stalled.set()
                await reader.read()
                self.gone.set()
                return
            if reply.sse_error and count == reply.error_after:
                writer.write(_chunk(error(reply.sse_error, reply.text)))
                break
            writer.write(_chunk(event))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _released(held: asyncio.Event, reader: asyncio.StreamReader) -> bool:
    """Waits until an answer may begin; False where its client has gone before."""
    waiting, leaving = asyncio.create_task(held.wait()), asyncio.create_task(reader.read())
    try:
        await asyncio.wait([waiting, leaving], return_when=asyncio.FIRST_COMPLETED)
        return held.is_set()
    finally:
        waiting.cancel()
        leaving.cancel()
        await asyncio.gather(waiting, leaving, return_exceptions=True)


def _fields(given: object) -> Iterator[str]:
    """The names of a request's own fields: a schema's and a call's are not among them."""
    if isinstance(given, list):
        for one in given:
            yield from _fields(one)
    if isinstance(given, dict):
        yield from given
        for name, value in given.items():
            if name not in {"input", "input_schema"}:
                yield from _fields(value)


async def _receive(reader: asyncio.StreamReader) -> Received:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    pairs = (line.partition(":") for line in lines[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, json.loads(body) if body else {})


async def _send(
    writer: asyncio.StreamWriter, status: int, body: Json | bytes, more: Mapping[str, str] | None = None
) -> None:
    data, kind = (body, "text/html") if isinstance(body, bytes) else (json.dumps(body).encode(), "application/json")
    headers = {"content-type": kind, "content-length": str(len(data)), **(more or {})}
    writer.write(_head(status, headers) + data)
    await writer.drain()


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Status')}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunk(event: Json) -> bytes:
    """A server-sent event as a chunk of the body."""
    data = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@click.command()
@click.option("--port", default=0, help="The port to listen on; any free one by default.")
@click.option(
    "--script",
    type=click.File(encoding="utf-8"),
    help="Replies in JSON: a list of {text, thinking, calls: [{tool, args}]}.",
)
def serve_script(port: int, script: TextIO | None) -> None:
    """Serve a Messages API on the loopback that follows a script, or echoes what it is told; what the contract refuses
    is printed, a line each.
    """
    said = echo if script is None else parse_script(script.read())
    with suppress(KeyboardInterrupt):
        asyncio.run(_forever(port, said))


async def _forever(port: int, script: Script) -> None:
    contract = ProviderContract(tell=lambda line: click.echo(f"refused: {line}"))
    async with MessagesServer(script, port, ServerConditions(contract=contract)) as fake:
        click.echo(fake.url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    serve_script()
