"""Structured calls: a request to a model whose answer is the call of one tool; no model is forced to make it."""

from __future__ import annotations

from attrs import define, evolve, field

from throughline.agent.loop import CUT
from throughline.domain.ports import CallPiece, EndPiece, Model, Request, TextPiece, UsagePiece
from throughline.domain.usage import Usage
from throughline.domain.view import NOTE, Block, View

_AGAIN = "(That was no call. Answer by calling the tool {tool}, once, with all that was asked for.)"


@define
class StructuredCall:
    """Asks a model; `usages` is what each request has used, one that was given up or broke off among them."""

    model: Model
    usages: list[Usage] = field(factory=list)

    async def ask(self, request: Request) -> object:
        """The arguments of the call, or None where there was none, even when asked once more; raises ModelError."""
        args, said, reason = await self._once(request)
        # What was cut off at a limit would be cut off again.
        if args is None and reason and reason not in CUT:
            args, _, _ = await self._once(_again(request, said))
        return args

    async def _once(self, request: Request) -> tuple[object, str, str]:
        """The arguments of the call, if any, what the model said, and why its reply ended."""
        args: object = None
        said: list[str] = []
        used: Usage | None = None
        reason = ""
        try:
            async for piece in self.model.stream(request):
                match piece:
                    case CallPiece(tool=request.must, args=given):
                        args = given
                    case TextPiece(text=text):
                        said.append(text)
                    case UsagePiece(usage=usage):
                        used = usage
                    case EndPiece(reason=reason, usage=usage):
                        used = usage
                    case _:
                        pass  # Its thinking is not asked for, and neither is another tool.
        finally:
            if used is not None:
                self.usages.append(used)
        return (args if reason else None), "".join(said), reason


def _again(request: Request, said: str) -> Request:
    """The same request after what the model said to it; its thinking is not sent back, since the turn is over."""
    asked = _AGAIN.format(tool=request.must)
    blocks = (
        *request.view.blocks,
        *([Block("turn", "assistant", said, len(said) // 4)] if said.strip() else []),
        Block("turn", "user", asked, len(asked) // 4, label=NOTE),
    )
    return evolve(request, view=View(blocks))
