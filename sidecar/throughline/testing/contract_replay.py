"""A recorded session played over a contract: the recording's replies, told by a server that enforces it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import evolve, frozen

from throughline.app.container import Container
from throughline.domain.events import CallBilled, Logged, Masked, Thought
from throughline.domain.ports import Model
from throughline.domain.settings import Settings
from throughline.llm.replay_model import ReplayCursor
from throughline.session.replay import Player, play_recording
from throughline.storage.in_memory import MemoryArchive, MemoryStore
from throughline.testing.served_model import ServedModel
from throughline.transcripts.read import read
from throughline.workspace.workspace_files import WorkspaceFiles


@frozen
class ContractReplay:
    """What came of a recording over a contract.

    calls: the requests of the chat.
    refused: the words of each refusal, in the order of the requests.
    failed: how each turn ended that did not end as it should.
    compactions, maskings: how often the view was made smaller.
    thoughts: the blocks of thinking that came.
    dropped: the blocks that the server left out of a prompt, each as often as it did.
    """

    calls: int
    refused: tuple[str, ...]
    failed: tuple[str | None, ...]
    compactions: int
    maskings: int
    thoughts: int
    dropped: int


class _Deaf:
    def logged(self, events: Sequence[Logged]) -> None:
        """Nothing is shown."""

    def streamed(self, turn: int, text: str) -> None:
        """Nothing is shown."""


async def replay_over_contract(path: Path, model: str, settings: Settings | None = None) -> ContractReplay:
    """Plays a recorded session as `model` would have answered it, with made-up thinking before each reply, its tools'
    results as they were recorded, in the workspace of a folder that has no files. Raises ReadError.
    """
    chosen = evolve(settings or Settings(), model=model)
    store, served = MemoryStore(), list[ServedModel]()

    def serve(inner: Model, player: Player) -> Model:
        assert isinstance(player, ReplayCursor)
        served.append(ServedModel(inner, clock=player, thinks=True))
        return served[-1]

    stage = await Container().prepare_replay_in(
        read(path), WorkspaceFiles(path.parent / "nowhere"), store, MemoryArchive(), chosen, _Deaf(), serve
    )
    try:
        await play_recording(stage.live, stage.scenes, stage.cursor, lambda _: None)
    finally:
        await stage.live.close()
        for one in served:
            await one.close()
    events = [logged.event for logged in store.read(stage.live.session.id)]
    (contract,) = (one.contract for one in served)
    return ContractReplay(
        calls=sum(isinstance(event, CallBilled) and event.purpose == "chat" for event in events),
        refused=tuple(contract.refused),
        failed=tuple(turn.ending for turn in stage.live.session.turns if turn.ending not in {"done", None}),
        compactions=len(stage.live.session.compactions),
        maskings=sum(isinstance(event, Masked) for event in events),
        thoughts=sum(isinstance(event, Thought) for event in events),
        dropped=len(contract.dropped),
    )
