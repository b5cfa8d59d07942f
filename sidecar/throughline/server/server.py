"""The language server: protocol, handlers of a few lines each, and its run over standard input and output."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from lsprotocol.types import ResponseError
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcInvalidParams, JsonRpcInvalidRequest
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage

from throughline import __version__
from throughline.domain.errors import UserError
from throughline.domain.sanitization import encodable
from throughline.domain.serialization import MalformedError
from throughline.protocol import codec
from throughline.protocol.messages import Options
from throughline.protocol.methods import PATCH, REQUESTS, VERSION, Method
from throughline.protocol.state import FilesPut, Patch
from throughline.server import staleness
from throughline.server.documents import EditorDocuments
from throughline.server.staleness import MARKING_PAUSE, StaleDiagnostics

if TYPE_CHECKING:
    from throughline.app.workspace import WorkspaceService
    from throughline.server.app import App

    OpenWorkspace = Callable[[Path, Options], WorkspaceService]


class SafeProtocol(LanguageServerProtocol):
    """Answers malformed requests with -32600 and -32602, and leaves our own parameters as plain data."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Leaves data as it is: this is called for every nested object."""
        return data

    def handle_message(self, message: Any) -> None:
        """Structures one message and passes it on, or answers what is wrong with it."""
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            self._refuse(message, JsonRpcInvalidRequest("This is not a JSON-RPC 2.0 message."))
        elif "method" not in message:
            self._respond(message)
        elif not isinstance(message["method"], str):
            self._refuse(message, JsonRpcInvalidRequest("The method must be text."))
        elif "id" in message and (type(message["id"]) not in (str, int)):
            self._refuse(message, JsonRpcInvalidRequest("The id must be text or a whole number."))
        elif self._shutdown and message["method"] != "exit":
            self._refuse(message, JsonRpcInvalidRequest("The server is shutting down."))
        else:
            self._dispatch(message)

    def _dispatch(self, message: dict[str, Any]) -> None:
        shape = self.get_message_type(message["method"])
        try:
            structured = self._own(message) if shape is None else self._converter.structure(message, shape)
        except Exception:  # noqa: BLE001  # whatever the library raises, the client sent what does not fit
            self._refuse(message, JsonRpcInvalidParams(f"The parameters of {message['method']} do not fit."))
            return
        super().handle_message(structured)

    def _own(self, message: dict[str, Any]) -> JsonRPCRequestMessage | JsonRPCNotification:
        # Half a character, which JavaScript lets through, could be looked for in no database and sent in no request.
        params = encodable(message.get("params"))
        if "id" in message:
            return JsonRPCRequestMessage(message["id"], message["method"], self.VERSION, params)
        return JsonRPCNotification(message["method"], self.VERSION, params)

    def _respond(self, message: dict[str, Any]) -> None:
        """The client's answer to a request of ours; its result stays plain data."""
        name = message.get("id")
        if not isinstance(name, str | int):
            return
        if "error" in message:
            error = message["error"] if isinstance(message["error"], dict) else {}
            said = ResponseError(int(error.get("code") or 0), str(error.get("message") or "no reason given"))
            self._handle_response(name, None, said)
        else:
            self._handle_response(name, message.get("result"))

    def _refuse(self, message: Any, error: JsonRpcInvalidRequest | JsonRpcInvalidParams) -> None:
        """Answers where there is anyone to answer: a notification gets none."""
        if isinstance(message, dict) and "id" in message:
            name = message["id"] if type(message["id"]) in (str, int) else None
            self._send_data(
                {
                    "jsonrpc": self.VERSION,
                    "id": name,
                    "error": {"code": error.code, "message": error.message},
                }
            )


log = logging.getLogger("throughline")
T = TypeVar("T")
_EVERYTHING = types.FileOperationRegistrationOptions([types.FileOperationFilter(types.FileOperationPattern("**/*"))])


class RefusedRequestError(JsonRpcException):
    """The request was understood and cannot be done; the message is for the user."""

    CODE = -32803
    MESSAGE = "The request was refused."


def build(open_workspace: OpenWorkspace) -> LanguageServer:
    """The server, its handlers in place."""
    server = LanguageServer("throughline", __version__, protocol_cls=SafeProtocol)
    shell = ServerState(server, open_workspace)
    for method in REQUESTS:
        server.feature(method.name)(_handler(shell, method))

    @server.feature(types.INITIALIZE)
    async def initialize(params: types.InitializeParams) -> None:
        await _guarded("initialize", lambda: shell.open(params.initialization_options))

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        await _guarded("initialized", shell.watch)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def show_hover(params: types.HoverParams) -> types.Hover | None:
        return await _guarded("hover", lambda: shell.hover(params.text_document.uri, params.position.line + 1))

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    async def offer_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return shell.actions(params.text_document.uri, params.range)

    @server.feature(types.SHUTDOWN)
    async def shutdown(*_: object) -> None:
        await _guarded("shutdown", shell.close)

    for name in (
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CHANGE,
        types.TEXT_DOCUMENT_DID_SAVE,
        types.TEXT_DOCUMENT_DID_CLOSE,
    ):
        server.feature(name)(lambda params: shell.touched([params.text_document.uri]))
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(
        lambda params: shell.touched([change.uri for change in params.changes])
    )

    @server.feature(types.WORKSPACE_DID_RENAME_FILES, _EVERYTHING)
    async def renamed(params: types.RenameFilesParams) -> None:
        await shell.renamed([(one.old_uri, one.new_uri) for one in params.files])

    return server


class ServerState:
    """Holds the app, once the editor has said which folder it works in."""

    def __init__(self, server: LanguageServer, open_workspace: OpenWorkspace) -> None:
        self._server = server
        self._open_workspace = open_workspace
        self._wanted: tuple[Path, Options] | None = None
        self._opening: asyncio.Task[App] | None = None
        self._marks: StaleDiagnostics | None = None
        self._mark_soon: Callable[[], None] | None = None

    async def open(self, options: Any) -> None:
        """Takes the folder; an editor that speaks another version of the protocol is refused."""
        wanted: Options = codec.decode(Options, options)
        if wanted.version != VERSION:
            raise UserError(
                f"The editor speaks protocol {wanted.version}, its background process {VERSION}: reinstall Throughline."
            )
        root = self._server.workspace.root_path
        if root is not None:
            self._wanted = Path(root), wanted

    async def app(self) -> App:
        """The app, made at the first call; raises UserError where no folder is open."""
        if self._wanted is None:
            raise UserError("Throughline needs a folder: open one, and try again.")
        if self._opening is None:
            self._opening = asyncio.create_task(self._make(*self._wanted))
        return await asyncio.shield(self._opening)

    async def _make(self, root: Path, wanted: Options) -> App:
        def load() -> type[App]:
            from throughline.server.app import App  # noqa: PLC0415

            return App

        make, workspace = await asyncio.to_thread(lambda: (load(), self._open_workspace(root, wanted)))
        app = make(workspace, EditorDocuments(self._server, root, workspace.disk), self._send)
        self._marks = StaleDiagnostics(self._server, app.moves.of)
        self._mark_soon = app.scheduler.add(self._marks.mark, MARKING_PAUSE)
        return app

    @property
    def _ready(self) -> App | None:
        """The app, where it has been made."""
        return self._opening.result() if self._opening and self._opening.done() else None

    async def hover(self, uri: str, line: int) -> types.Hover | None:
        """What moved at a line of a stale file."""
        moved = await self._ready.moves.of(uri) if self._ready else None
        text = staleness.hover_markdown(moved, uri, line) if moved else None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None

    def actions(self, uri: str, span: types.Range) -> list[types.CodeAction]:
        """What can be done about a stale file."""
        return self._marks.actions(uri, span) if self._marks else []

    async def watch(self) -> None:
        """Makes the app, and asks the editor to tell of files that change on disk, a git checkout among them."""
        if self._wanted is not None:
            await self.app()
        workspace = self._server.client_capabilities.workspace
        watched = workspace.did_change_watched_files if workspace else None
        if watched and watched.dynamic_registration:
            everything = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*")])
            asked = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, everything)
            await self._server.client_register_capability_async(types.RegistrationParams([asked]))

    def touched(self, uris: Sequence[str]) -> None:
        """Files changed, in the editor or on disk."""
        if self._ready is not None:
            self._ready.touched(uris)
        self.acted()

    def acted(self) -> None:
        """Something was done after which another session may be open, or what it knows may be another."""
        if self._mark_soon is not None:
            self._mark_soon()

    async def renamed(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Files and folders have other addresses now."""
        if self._ready is not None:
            # Nobody waits for an answer to this.
            with contextlib.suppress(UserError):
                await self._ready.renamed(pairs)

    async def close(self) -> None:
        """Lets go of the session."""
        if self._opening is not None:
            await (await self._opening).close()

    def _send(self, patch: Patch) -> None:
        self._server.protocol.notify(PATCH.name, codec.encode(patch))
        if any(isinstance(change, FilesPut) for change in patch.changes):
            self.acted()


def _handler(shell: ServerState, method: Method) -> Callable[[Any], Awaitable[Any]]:
    act_of = attrgetter(method.name.partition("/")[2].replace("/", "."))

    async def handle(params: Any) -> Any:
        async def act() -> Any:
            asked = codec.decode(method.params, params)
            answer = await act_of(await shell.app())(asked)
            shell.acted()
            return codec.encode(answer)

        return await _guarded(method.name, act)

    return handle


async def _guarded(name: str, act: Callable[[], Awaitable[T]]) -> T:
    """The one place where errors become answers: no traceback leaves, and parameters are not logged."""
    try:
        return await act()
    except MalformedError as error:
        raise JsonRpcInvalidParams(f"{name}: {error}") from None
    except UserError as error:
        raise RefusedRequestError(str(error)) from None
    except Exception as error:
        log.exception("%s failed", name)
        raise JsonRpcInternalError(f"{name} failed: {type(error).__name__}. The log says more.") from None


def run_server(open_workspace: OpenWorkspace) -> None:
    """Serves until the editor says that it is done; logs go to standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # The library logs whole messages, and a key may be in one.
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    build(open_workspace).start_io()
