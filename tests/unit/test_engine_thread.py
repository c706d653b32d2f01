import asyncio
import threading
from collections.abc import Iterator

import pytest

from voicemate.core.worker_thread import Cancellation, WorkerThread
from voicemate.testing.virtual_time import run_virtual


@pytest.fixture
def engine() -> Iterator[WorkerThread]:
    thread = WorkerThread("engine")
    yield thread
    thread.close()


async def test_all_work_is_done_in_one_thread_in_the_order_it_was_asked_for(engine: WorkerThread):
    done: list[tuple[int, int]] = []

    def work(number: int) -> int:
        done.append((number, threading.get_ident()))
        return number * number

    assert await asyncio.gather(*(engine.run(work, number) for number in range(5))) == [0, 1, 4, 9, 16]
    assert [number for number, _ in done] == [0, 1, 2, 3, 4]
    assert len({thread for _, thread in done} | {threading.get_ident()}) == 2


async def test_an_error_reaches_who_asked_and_the_next_work_goes_on(engine: WorkerThread):
    with pytest.raises(ZeroDivisionError):
        await engine.run(lambda: 1 // 0)
    assert await engine.run(lambda: 1) == 1


async def test_cancelling_asks_the_work_to_stop_and_the_next_work_waits_until_it_has(engine: WorkerThread):
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


async def test_work_that_is_cancelled_while_it_waits_is_never_begun(engine: WorkerThread):
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


async def test_closing_stops_the_work_and_frees_the_engine_in_its_own_thread():
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
