"""A language-server protocol that answers every request.

The library structures every nested object of a message and drops a request whose parameters do not fit without
a word. Here only the message's own level is structured, and what does not fit is answered.
"""

from __future__ import annotations

from typing import Any

from lsprotocol.types import ResponseError
from pygls.exceptions import JsonRpcInvalidParams, JsonRpcInvalidRequest
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage

from throughline.core.cleaning import encodable


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
