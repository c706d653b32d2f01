import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from voicemate.core.worker_thread import Cancellation, WorkerThread
from voicemate.testing.virtual_time import run_virtual


@pytest.fixture
def engine() -> Iterator[WorkerThread]:
    thread = WorkerThread("engine")
    yield thread
    thread.close()


async def test_all_jobs_run_in_one_thread_in_the_order_in_which_they_were_submitted(engine: WorkerThread):
    done: list[tuple[int, int]] = []

    def work(number: int) -> int:
        done.append((number, threading.get_ident()))
        return number * number

    assert await asyncio.gather(*(engine.run(work, number) for number in range(5))) == [0, 1, 4, 9, 16]
    assert [number for number, _ in done] == [0, 1, 2, 3, 4]
    assert len({thread for _, thread in done} | {threading.get_ident()}) == 2


async def test_an_error_reaches_the_caller_and_the_next_job_runs(engine: WorkerThread):
    with pytest.raises(ZeroDivisionError):
        await engine.run(lambda: 1 // 0)
    assert await engine.run(lambda: 1) == 1


async def test_cancelling_asks_the_job_to_stop_and_the_next_job_waits_until_it_has(engine: WorkerThread):
    began, stopped = threading.Event(), threading.Event()

    def work(cancellation: Cancellation) -> None:
        began.set()
        while not cancellation.cancelled:
            pass
        stopped.set()

    task = asyncio.create_task(engine.run(work, Cancellation()))
    await asyncio.to_thread(began.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await engine.run(stopped.is_set)


async def test_a_job_that_is_cancelled_while_it_waits_never_starts(engine: WorkerThread):
    hold, done = threading.Event(), []
    first = asyncio.create_task(engine.run(hold.wait))
    second = asyncio.create_task(engine.run(done.append, "second"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])  # the loop takes it off the queue in its next round
    hold.set()
    await first
    await engine.run(done.append, "third")
    assert done == ["third"]


async def test_closing_stops_the_job_and_frees_the_engine_in_its_own_thread():
    engine, began = WorkerThread("engine"), threading.Event()
    threads: list[int] = []

    def work(cancellation: Cancellation) -> str:
        threads.append(threading.get_ident())
        began.set()
        while not cancellation.cancelled:
            pass
        return "stopped"

    task = asyncio.create_task(engine.run(work, Cancellation()))
    await asyncio.to_thread(began.wait)
    engine.close(release=lambda: threads.append(threading.get_ident()))
    engine.close()
    assert await task == "stopped"
    assert len(threads) == 2
    assert len(set(threads)) == 1


def test_no_virtual_time_passes_while_the_engine_works():
    async def main() -> tuple[float, float]:
        engine, loop = WorkerThread("engine"), asyncio.get_running_loop()
        timer = asyncio.create_task(asyncio.sleep(10))
        release = threading.Timer(0.05, lambda: None)
        release.start()
        await engine.run(release.join)
        worked = loop.time()
        await timer
        engine.close()
        return worked, loop.time()

    assert run_virtual(main()) == (0.0, 10.0)


async def test_a_job_that_takes_too_long_is_an_error_and_so_is_every_job_until_it_has_ended():
    thread, hold = WorkerThread("library", timeout_s=0.05, timeout_error=lambda: OSError("hangs")), threading.Event()
    with pytest.raises(OSError, match="hangs"):
        await thread.run_to_end(hold.wait)
    assert thread.hanging
    with pytest.raises(OSError, match="hangs"):
        thread.wait(lambda: 1)
    hold.set()
    while thread.hanging:
        await asyncio.sleep(0.001)
    assert thread.wait(lambda: 2) == 2


async def test_a_job_that_raises_a_timeout_of_its_own_does_not_count_as_hanging():
    thread = WorkerThread("library", timeout_s=5, timeout_error=lambda: OSError("hangs"))

    def job() -> None:
        raise TimeoutError("the job's own")

    with pytest.raises(TimeoutError, match="own"):
        thread.wait(job)
    with pytest.raises(TimeoutError, match="own"):
        await thread.run_to_end(job)
    assert not thread.hanging


async def test_a_job_that_runs_to_its_end_is_undone_in_the_thread_when_nothing_waits_for_it():
    thread, began, hold = WorkerThread("library", timeout_s=5), threading.Event(), threading.Event()
    undone: list[tuple[int, str]] = []

    def job() -> int:
        began.set()
        hold.wait()
        return 7

    task = asyncio.create_task(
        thread.run_to_end(job, undo=lambda result: undone.append((result, threading.current_thread().name)))
    )
    await asyncio.to_thread(began.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hold.set()
    thread.wait(lambda: None)
    assert undone == [(7, "library")]


def test_a_closed_thread_takes_no_more_jobs():
    thread = WorkerThread("engine")
    thread.close()
    with pytest.raises(RuntimeError, match="closed"):
        thread.submit(lambda: 1)


def test_a_thread_that_nothing_refers_to_any_more_ends():
    thread = WorkerThread("forgotten")
    thread.submit(lambda: None).result()
    del thread
    deadline = time.monotonic() + 5
    while any(each.name == "forgotten" for each in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_the_end_of_the_process_waits_for_jobs_that_cannot_hang_and_for_no_others():
    script = (
        "import time; from voicemate.core.worker_thread import WorkerThread\n"
        "engine, library = WorkerThread('engine'), WorkerThread('library', timeout_s=60)\n"
        "library.submit(time.sleep, 60)\n"
        "engine.submit(time.sleep, 0.2); engine.submit(print, 'done', flush=True)\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert result.stdout == "done\n"
