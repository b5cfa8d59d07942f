"""How soon every stale file is known: 10,000 files that the model has seen, then a checkout that changes 1,000.

    .venv/bin/python benchmarks/registry.py

A repository is made in a temporary folder. Each part runs in a process of its own, whose memory is told at its end.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from throughline.domain.events import Event, FileSeen, Logged, SessionStarted
from throughline.domain.session import fold
from throughline.session.files import known_files
from throughline.workspace.workspace_files import WorkspaceFiles

FILES, CHANGED, SIZE = 10_000, 1_000, 4_000
ROUNDS = 3


def main() -> None:
    """Prints a row a step: the median of some rounds, and the slowest."""
    with tempfile.TemporaryDirectory(prefix="throughline-") as place:
        root = Path(place) / "repository"
        _made(root)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            print(f"{FILES:,} files of about {SIZE:,} bytes, {CHANGED:,} changed by a checkout")
            rounds = [pool.submit(_round, root).result() for _ in range(ROUNDS)]
            memory = pool.submit(_memory).result()
        for step in rounds[0]:
            times = sorted(one[step] for one in rounds)
            print(f"{step:58} {times[len(times) // 2] * 1000:8,.0f} ms   slowest {times[-1] * 1000:,.0f} ms")
        print(f"{'peak memory of the whole process, Python and all':58} {memory / 1024:8,.0f} MB")


def _round(root: Path) -> dict[str, float]:
    """One run: seconds by step. Raises AssertionError where a stale file is missed, or a fresh one is called stale."""
    _git(root, "checkout", "--quiet", "one")
    paths = [_path(n) for n in range(FILES)]
    folder, times = WorkspaceFiles(root), dict[str, float]()
    with _timed(times, "every hash, the first time"):
        digests = folder.digests(paths)
    log = [Logged(1, 0.0, SessionStarted("s", "measure", "engineer", "p", "m", 200_000))]
    events: list[Event] = [FileSeen(1, path, name or "", "skeleton") for path, name in digests.items()]
    log += [Logged(seq, 0.0, event) for seq, event in enumerate(events, 2)]
    with _timed(times, "the registry from the log"):
        session = fold(log)
    with _timed(times, "every state, nothing changed, just after the files were made"):
        assert {one.freshness for one in known_files(session, folder)} == {"fresh"}
    # What was written within the last seconds is read again; from then on a look at its entry does.
    time.sleep(3)
    folder.digests(paths)
    with _timed(times, "every state, nothing changed"):
        assert {one.freshness for one in known_files(session, folder)} == {"fresh"}
    _git(root, "checkout", "--quiet", "two")
    with _timed(times, "every state after the checkout"):
        known = known_files(session, folder)
    stale = {one.sight.path for one in known if one.freshness == "stale"}
    assert stale == {_path(n) for n in range(0, FILES, FILES // CHANGED)}, len(stale)
    return times


def _made(root: Path) -> None:
    """Two branches of one repository, `one` and `two`, that differ in every tenth file."""
    for n in range(FILES):
        path = root / _path(n)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(n, "one"), encoding="utf-8")
    _git(root, "init", "--quiet", "--initial-branch=one")
    _commit(root)
    _git(root, "checkout", "--quiet", "-b", "two")
    for n in range(0, FILES, FILES // CHANGED):
        # Of the same size: that alone does not give it away.
        (root / _path(n)).write_text(_text(n, "two"), encoding="utf-8")
    _commit(root)


def _path(n: int) -> str:
    return f"package{n // 1000}/part{n // 50 % 20}/module{n}.py"


def _text(n: int, word: str) -> str:
    line = f"def function_{n}_{word}(argument: int) -> int: return argument + {n}\n"
    return line * (SIZE // len(line))


def _commit(root: Path) -> None:
    _git(root, "add", "--all")
    _git(root, "-c", "user.name=Bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "--message", "x")


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "gc.auto=0", *arguments], cwd=root, check=True, capture_output=True)


def _memory() -> int:
    """The peak of this process, in kilobytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


@contextmanager
def _timed(times: dict[str, float], step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    times[step] = time.perf_counter() - began


if __name__ == "__main__":
    main()
