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


def test_garbage_collection_does_not_count_loaded_objects(many_lasting_objects):
    heap.release_memory()
    before = whole_collections()
    turns = [[number] for number in range(100_000)]
    assert whole_collections() > before
    assert turns


def test_a_second_call_frees_earlier_garbage(many_lasting_objects):
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


def test_release_on_free_works_on_any_system():
    heap.release_large_blocks_on_free()
    heap.release_large_blocks_on_free()
