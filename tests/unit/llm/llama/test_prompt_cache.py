import errno
import os
from pathlib import Path

import pytest

from voicemate.llm.llama import prompt_cache
from voicemate.llm.llama.prompt_cache import MAX_FILES, PromptCache

TOKENS = [1, 2, 3]
STATE = bytes(range(256)) * 10


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF weights")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "prompts"


def saved(folder: Path, model: Path) -> Path:
    PromptCache(folder, model, "0.3").save(TOKENS, STATE)
    (path,) = folder.glob("*")
    return path


def test_what_was_saved_is_there_at_the_next_start(folder, model):
    saved(folder, model)
    assert PromptCache(folder, model, "0.3").load(TOKENS) == STATE


def test_what_was_never_saved_is_missing(folder, model):
    assert PromptCache(folder, model, "0.3").load(TOKENS) is None


def test_only_the_owner_can_read_it(folder, model):
    path = saved(folder, model)
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_another_prompt_has_another_state(folder, model):
    saved(folder, model)
    assert PromptCache(folder, model, "0.3").load([1, 2, 4]) is None
    assert PromptCache(folder, model, "0.3").load([1, 2]) is None


def test_a_changed_model_or_another_llama_cpp_has_no_state(folder, model):
    saved(folder, model)
    assert PromptCache(folder, model, "0.4").load(TOKENS) is None
    model.write_bytes(b"GGUF other weights")
    assert PromptCache(folder, model, "0.3").load(TOKENS) is None


@pytest.mark.parametrize("place", [0, 17, 21, 30, -1])
def test_a_damaged_file_counts_as_missing(folder, model, place):
    path = saved(folder, model)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert PromptCache(folder, model, "0.3").load(TOKENS) is None


@pytest.mark.parametrize("length", [0, 10, 24, 40, 2000])
def test_a_truncated_file_counts_as_missing(folder, model, length):
    path = saved(folder, model)
    path.write_bytes(path.read_bytes()[:length])
    assert PromptCache(folder, model, "0.3").load(TOKENS) is None


def test_a_full_disk_keeps_nothing_and_leaves_nothing_behind(folder, model, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(prompt_cache.os, "replace", full)
    PromptCache(folder, model, "0.3").save(TOKENS, STATE)
    assert list(folder.iterdir()) == []


def test_the_least_recently_used_ones_go(folder, model):
    cache = PromptCache(folder, model, "0.3")
    for n in range(MAX_FILES):
        cache.save([n], STATE)
        for path in folder.glob("*.kv"):
            os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**9))
    assert cache.load([0])
    cache.save([MAX_FILES], STATE)
    assert [n for n in range(MAX_FILES + 1) if cache.load([n])] == [0, *range(2, MAX_FILES + 1)]
