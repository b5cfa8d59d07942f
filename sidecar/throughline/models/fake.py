"""A Messages API to test against: a server on the loopback that follows a script, or echoes when run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import click
from attrs import frozen

from throughline.models.script import Json, Reply, Script, echo, error, events, follow, message, refusal

__all__ = ["FakeMessages", "Received", "Reply"]

_PHRASES = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}
_MODEL = {"type": "model", "id": "fake", "display_name": "Fake", "created_at": "2026-01-01T00:00:00Z"}


@frozen
class Received:
    """A request as it came in; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Json


class FakeMessages:
    """Serves at `url` within `async with FakeMessages([Reply(text="Hello")]) as fake`, a reply a message.

    Instead of a list, a function may make the reply from the request's body.
    """

    def __init__(self, script: Script, port: int = 0) -> None:
        self.requests: list[Received] = []
        self.gone = asyncio.Event()  # Set when a client has left a stalled stream.
        self.url = ""
        self._reply = script if callable(script) else follow(script)
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
                await self._answer(received, reader, writer)
        finally:
            writer.close()

    async def _answer(self, received: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match received.path.partition("?")[0]:
            case "/v1/messages":
                reply = self._reply(received.body)
                if reply.status != 200:
                    wait = {} if reply.retry_after is None else {"retry-after": f"{reply.retry_after:g}"}
                    await _send(writer, reply.status, refusal(reply), wait)
                elif received.body.get("stream"):
                    await self._stream(reply, received.body, reader, writer)
                else:
                    await _send(writer, 200, message(reply, received.body))
            case "/v1/messages/count_tokens":
                await _send(writer, 200, {"input_tokens": len(json.dumps(received.body)) // 4})
            case "/v1/models":
                listed = {"data": [_MODEL], "has_more": False, "first_id": "fake", "last_id": "fake"}
                await _send(writer, 200, listed)
            case path:
                await _send(writer, 404, error("not_found_error", f"no such path: {path}"))

    async def _stream(
        self, reply: Reply, body: Json, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(_head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        for count, event in enumerate(events(reply, body)):
            if count == reply.cut_after:
                return
            if count == reply.stall_after:
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


async def _receive(reader: asyncio.StreamReader) -> Received:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    pairs = (line.partition(":") for line in lines[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, json.loads(body) if body else {})


async def _send(writer: asyncio.StreamWriter, status: int, body: Json, more: Mapping[str, str] | None = None) -> None:
    data = json.dumps(body).encode()
    headers = {"content-type": "application/json", "content-length": str(len(data)), **(more or {})}
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
def main(port: int) -> None:
    """Serve a Messages API on the loopback that echoes what it is told."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_forever(port))


async def _forever(port: int) -> None:
    async with FakeMessages(echo, port) as fake:
        click.echo(fake.url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
