import gc
from collections.abc import Iterator

import pytest

from voicemate.system import heap


@pytest.fixture
def many_lasting_objects() -> Iterator[list[list[int]]]:
    yield [[number] for number in range(400_000)]
    gc.unfreeze()


def whole_collections() -> int:
    return gc.get_stats()[2]["collections"]


def test_after_loading_garbage_does_not_wait_for_a_quarter_of_all_that_was_loaded(many_lasting_objects):
    heap.release_memory()
    before = whole_collections()
    turns = [[number] for number in range(100_000)]
    assert whole_collections() > before
    assert turns


def test_what_was_garbage_at_the_first_call_is_gone_at_the_second(many_lasting_objects):
    class Engine:
        freed = False

        def __del__(self) -> None:
            Engine.freed = True

    engine = Engine()
    engine.itself = engine  # type: ignore[attr-defined]
    heap.release_memory()
    del engine
    heap.release_memory()
    assert Engine.freed


def test_large_blocks_may_be_asked_to_go_back_on_any_system():
    heap.release_large_blocks_on_free()
    heap.release_large_blocks_on_free()
