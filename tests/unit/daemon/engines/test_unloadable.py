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
    """An engine that can be put to rest, and how often it was loaded."""

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


def test_at_rest_it_is_freed_and_for_whoever_uses_it_loaded_once():
    async def main() -> None:
        shelf = Shelf()
        assert await shelf.resting.loaded() is shelf.first
        await shelf.resting.unload()
        assert shelf.first.closed
        users = await asyncio.gather(*(shelf.resting.loaded() for _ in range(3)))
        assert len(set(users)) == 1
        assert shelf.loads == 1

    run_virtual(main())


def test_woken_at_the_first_sign_it_keeps_nobody_waiting():
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


def test_who_stops_waiting_does_not_stop_the_loading():
    async def main() -> None:
        shelf = Shelf()
        await shelf.resting.unload()
        user = asyncio.create_task(shelf.resting.loaded())
        await asyncio.sleep(LOAD_S / 2)
        user.cancel()
        assert await shelf.resting.loaded()
        assert shelf.loads == 1

    run_virtual(main())


def test_a_model_that_has_gone_meanwhile_is_told_to_who_needs_it_and_tried_again_for_the_next():
    async def main() -> None:
        shelf = Shelf()
        await shelf.resting.unload()
        shelf.missing = ModelError("The model is missing", "Pull it")
        with pytest.raises(ModelError, match="missing"):
            await shelf.resting.loaded()
        shelf.missing = None
        assert await shelf.resting.loaded()

    run_virtual(main())


def test_put_to_rest_while_it_comes_back_it_is_freed_all_the_same():
    async def main() -> None:
        shelf = Shelf()
        await shelf.resting.unload()
        coming = shelf.resting.start_loading()
        assert coming
        await shelf.resting.unload()
        assert (await coming).closed
        assert shelf.resting.engine is None

    run_virtual(main())
