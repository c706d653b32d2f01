import asyncio
import os
import threading
import time

import pytest

from voicemate.core.worker_thread import WorkerThread
from voicemate.testing.virtual_time import VirtualClockLoop, run_virtual


def test_a_virtual_day_takes_no_time():
    async def main() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    before = time.monotonic()
    assert run_virtual(main()) == pytest.approx(86_400)
    assert time.monotonic() - before < 60


def test_sleepers_wake_in_the_order_of_their_times():
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append(asyncio.get_running_loop().time())

    async def main() -> None:
        await asyncio.gather(*(sleeper(seconds) for seconds in (3, 1, 2, 1.5)))

    run_virtual(main())
    assert woken == pytest.approx([1, 1.5, 2, 3])


def test_timeouts_are_virtual_too():
    async def main() -> None:
        async with asyncio.timeout(1000):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run_virtual(main())


def test_a_job_in_a_thread_takes_no_virtual_time():
    begun, may_end = threading.Event(), threading.Event()

    def job() -> str:
        begun.set()
        may_end.wait(10)
        return "done"

    async def main() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        loop.call_later(1000, lambda: pytest.fail("time went on while a job was running"))
        future = loop.run_in_executor(None, job)
        while not begun.is_set():
            await asyncio.sleep(0)
        threading.Timer(0.05, may_end.set).start()
        return await future, loop.time()

    assert run_virtual(main()) == ("done", 0)


def test_time_goes_on_once_the_job_is_done():
    async def main() -> float:
        await asyncio.to_thread(lambda: None)
        await asyncio.sleep(5)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(5)


def test_time_goes_on_after_a_job_that_fails():
    async def main() -> float:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        await asyncio.sleep(5)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(5)


def test_time_stands_still_while_a_worker_thread_works():
    engine = WorkerThread("engine")

    async def main() -> float:
        asyncio.get_running_loop().call_later(1000, lambda: pytest.fail("time went on while the engine worked"))
        await engine.run(time.sleep, 0.02)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 0
    engine.close()


def test_a_pipe_is_waited_for_inside_real_work():
    reading, writing = os.pipe()

    async def main() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualClockLoop)
        loop.call_later(1000, lambda: pytest.fail("time went on while the pipe was awaited"))
        arrived = asyncio.Event()
        loop.add_reader(reading, arrived.set)
        threading.Timer(0.02, os.write, (writing, b"!")).start()
        with loop.real_work():
            await arrived.wait()
        loop.remove_reader(reading)
        return loop.time()

    assert run_virtual(main()) == 0
    os.close(reading)
    os.close(writing)
