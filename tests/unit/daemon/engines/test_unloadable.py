import asyncio

import pytest

from voicemate.core.errors import ModelError
from voicemate.daemon.engines.unloadable import Unloadable
from voicemate.testing.virtual_time import run_virtual

LOAD_S = 0.5


class Engine:
    closed = False

    def close(self) -> None:
        self.closed = True


class Shelf:
    """An unloadable engine that counts how often it was loaded."""

    def __init__(self) -> None:
        self.loads = 0
        self.missing: ModelError | None = None
        self.first = Engine()
        self.resting = Unloadable(self.first, self._load)

    async def _load(self) -> Engine:
        self.loads += 1
        await asyncio.sleep(LOAD_S)
        if self.missing:
            raise self.missing
        return Engine()


def test_an_unloaded_engine_is_loaded_once_for_all_users():
    async def main() -> None:
        shelf = Shelf()
        assert await shelf.resting.loaded() is shelf.first
        await shelf.resting.unload()
        assert shelf.first.closed
        users = await asyncio.gather(*(shelf.resting.loaded() for _ in range(3)))
        assert len(set(users)) == 1
        assert shelf.loads == 1

    run_virtual(main())


def test_an_engine_loaded_early_is_used_without_waiting():
    async def main() -> None:
        shelf, loop = Shelf(), asyncio.get_running_loop()
        await shelf.resting.unload()
        shelf.resting.start_loading()
        shelf.resting.start_loading()
        await asyncio.sleep(2 * LOAD_S)
        began = loop.time()
        assert await shelf.resting.loaded()
        assert (loop.time() - began, shelf.loads) == (0, 1)

    run_virtual(main())


def test_a_cancelled_user_does_not_cancel_loading():
    async def main() -> None:
        shelf = Shelf()
        await shelf.resting.unload()
        user = asyncio.create_task(shelf.resting.loaded())
        await asyncio.sleep(LOAD_S / 2)
        user.cancel()
        assert await shelf.resting.loaded()
        assert shelf.loads == 1

    run_virtual(main())


def test_a_loading_error_is_raised_to_the_user_and_loading_is_retried():
    async def main() -> None:
        shelf = Shelf()
        await shelf.resting.unload()
        shelf.missing = ModelError("The model is missing", "Pull it")
        with pytest.raises(ModelError, match="missing"):
            await shelf.resting.loaded()
        shelf.missing = None
        assert await shelf.resting.loaded()

    run_virtual(main())


def test_unloading_while_loading_frees_the_engine():
    async def main() -> None:
        shelf = Shelf()
        await shelf.resting.unload()
        coming = shelf.resting.start_loading()
        assert coming
        await shelf.resting.unload()
        assert (await coming).closed
        assert shelf.resting.engine is None

    run_virtual(main())
