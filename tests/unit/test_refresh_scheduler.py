"""The scheduler of what is shown beside the answers: a job runs when it is due, never beside itself, and goes on."""

from __future__ import annotations

import asyncio

from throughline.server.scheduler import RefreshScheduler


class Job:
    """Counts its runs; each one waits to be let go."""

    def __init__(self, *, fails: bool = False) -> None:
        self.begun = asyncio.Semaphore(0)
        self.go_on = asyncio.Semaphore(0)
        self.runs = 0
        self.beside = 0
        self._running = False
        self._fails = fails

    async def __call__(self) -> None:
        self.beside += self._running
        self._running = True
        self.begun.release()
        await self.go_on.acquire()
        self.runs += 1
        self._running = False
        if self._fails:
            raise RuntimeError("made up")


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_is_due_while_a_job_runs_makes_it_run_once_more() -> None:
    scheduler, job = RefreshScheduler(), Job()
    due = scheduler.add(job)
    due()
    await job.begun.acquire()
    for _ in range(3):
        due()
    job.go_on.release()
    await job.begun.acquire()
    job.go_on.release()
    await settle()
    assert (job.runs, job.beside, job.begun.locked()) == (2, 0, True)
    await scheduler.close()


async def test_a_job_that_fails_runs_again_and_holds_up_no_other() -> None:
    scheduler, failing, other = RefreshScheduler(), Job(fails=True), Job()
    due, other_due = scheduler.add(failing), scheduler.add(other)
    for _ in range(2):
        due()
        await failing.begun.acquire()
        failing.go_on.release()
        await settle()
    other_due()
    await other.begun.acquire()
    other.go_on.release()
    await settle()
    assert (failing.runs, other.runs) == (2, 1)
    await scheduler.close()


async def test_nothing_runs_once_it_is_closed() -> None:
    scheduler, job = RefreshScheduler(), Job()
    due = scheduler.add(job)
    due()
    await job.begun.acquire()
    await scheduler.close()
    due()
    job.go_on.release()
    await settle()
    assert job.runs == 0
