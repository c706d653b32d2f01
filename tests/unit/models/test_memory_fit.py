"""Memory of models and machines, and the choice of a better language model."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.model_files import gguf_file, llama_metadata
from voicemate.models import gguf, listing, memory_fit
from voicemate.models.catalog import ModelRole, load_catalog
from voicemate.models.memory_fit import Fit
from voicemate.models.resolve import FileState
from voicemate.models.storage import GB, as_size

CATALOG = load_catalog()
MAC = 60 * GB
"""Bytes of weights an Apple-silicon Mac reads a second."""


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.0 kB"),
        (51_200, "51 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (2_327_524, "2.3 MB"),
        (81_768_585, "82 MB"),
        (999_500_000, "1.0 GB"),
        (18_556_686_752, "18.6 GB"),
    ],
)
def test_sizes_read_as_people_write_them(size: int, text: str):
    assert as_size(size) == text


def test_the_smallest_models_get_a_smaller_context_unless_the_settings_say_otherwise():
    assert memory_fit.context_tokens(98 * 10**6) < memory_fit.context_tokens(2 * GB)
    assert memory_fit.context_tokens(98 * 10**6, 4096) == memory_fit.context_tokens(2 * GB, 4096) == 4096


def test_a_longer_context_takes_more_memory():
    model = CATALOG.find("qwen3-4b")
    assert memory_fit.required_bytes(model, 4096) - memory_fit.required_bytes(model, 2048) == pytest.approx(
        1.1 * 2048 * model.kv_bytes, abs=2
    )


def test_every_model_takes_more_than_its_file():
    assert all(memory_fit.required_bytes(model) > model.size for model in CATALOG.models)


def test_memory_of_an_own_gguf_file_is_estimated_from_its_header(tmp_path: Path):
    path = tmp_path / "own.gguf"
    path.write_bytes(gguf_file(llama_metadata() | {"llama.attention.head_count_kv": [2, 0]}))
    header = gguf.read_header(path)
    # Two heads in one of the two layers, keys and values 16 wide, two bytes each.
    grows = memory_fit.gguf_required_bytes(header, 10**9, 3000) - memory_fit.gguf_required_bytes(header, 10**9, 2000)
    assert grows == pytest.approx(1.1 * 1000 * 2 * (16 + 16) * 2, abs=2)


def test_a_large_vocabulary_takes_scratch_memory():
    header = gguf.GgufHeader("llama", "", 0, (8,), 64, 64, 14_336, 1_000_000, True)
    small = gguf.GgufHeader("llama", "", 0, (8,), 64, 64, 14_336, 32_000, True)
    assert memory_fit.gguf_required_bytes(header, 10**9) > memory_fit.gguf_required_bytes(small, 10**9)


def test_a_small_file_takes_at_least_the_scratch_memory_of_llama_cpp(tmp_path: Path):
    path = tmp_path / "own.gguf"
    path.write_bytes(gguf_file())
    required = memory_fit.gguf_required_bytes(gguf.read_header(path), path.stat().st_size, 4096)
    assert as_size(required) == "331 MB"


class TestFit:
    def test_a_model_larger_than_the_memory_does_not_fit(self):
        model = CATALOG.find("ministral-3-8b")
        assert memory_fit.fit(model, memory_fit.required_bytes(model), MAC) is Fit.GOOD
        assert memory_fit.fit(model, memory_fit.required_bytes(model) - 1, MAC) is Fit.TOO_LARGE

    def test_a_model_that_speaks_slower_than_a_voice_is_slow(self):
        assert memory_fit.fit(CATALOG.find("ministral-3-8b"), 64 * GB, 10 * GB) is Fit.SLOW

    def test_a_mixture_reads_only_the_experts_at_work(self):
        assert memory_fit.fit(CATALOG.find("qwen3-30b-a3b"), 64 * GB, 20 * GB) is Fit.GOOD

    def test_speech_recognition_is_not_judged_by_tokens_a_second(self):
        assert memory_fit.fit(CATALOG.find("whisper-large-v3-turbo"), 64 * GB, 1) is Fit.GOOD


class TestABetterLanguageModel:
    @pytest.mark.parametrize(
        ("given", "offered"),
        [(1, None), (3, "qwen3-1.7b"), (5, "qwen3-4b"), (10, "ministral-3-8b"), (24, "qwen3-30b-a3b")],
    )
    def test_is_the_largest_that_fits_beside_speech_recognition(self, given: int, offered: str | None):
        better = listing.better_llm(given * GB, MAC)
        assert (better.name if better else None) == offered

    def test_is_not_offered_where_none_would_keep_up(self):
        assert listing.better_llm(64 * GB, 10 * GB) is None

    def test_is_never_the_starter_and_always_a_language_model(self):
        better = listing.better_llm(10**15, 10**15)
        assert better
        assert not better.starter
        assert better.role is ModelRole.LLM

    def test_leaves_room_for_a_longer_context(self):
        assert listing.better_llm(10 * GB, MAC, context=65_536) != listing.better_llm(10 * GB, MAC)

    def test_is_chosen_for_this_machine_by_default(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(memory_fit, "available_bytes", lambda: 10 * GB)
        monkeypatch.setattr(memory_fit, "weight_bandwidth", lambda: MAC)
        better = listing.better_llm()
        assert better
        assert better.name == "ministral-3-8b"


def test_the_list_shows_what_is_installed(folder: Path):
    folder.mkdir()
    (folder / "silero_vad.onnx").write_bytes(b"\x08 cut short")
    states = {listed.model.name: listed.state for listed in listing.list_models()}
    assert states["silero-vad"] is FileState.TRUNCATED
    assert states["whisper-base"] is FileState.MISSING
    assert list(states) == [model.name for model in CATALOG.models]


class TestThisMachine:
    @pytest.fixture
    def proc(self, tmp_path: Path) -> Path:
        (tmp_path / "meminfo").write_text("MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n")
        return tmp_path

    def test_gives_what_linux_says_is_available(self, proc: Path):
        assert memory_fit._linux_available_bytes(proc / "meminfo", proc) == 8_000_000 * 1024

    @pytest.mark.parametrize(("limit", "available"), [("4000000000", 3_000_000_000), ("max", 8_000_000 * 1024)])
    def test_gives_no_more_than_its_container_has_left(self, proc: Path, limit: str, available: int):
        (proc / "memory.max").write_text(limit + "\n")
        (proc / "memory.current").write_text("1000000000\n")
        assert memory_fit._linux_available_bytes(proc / "meminfo", proc) == available

    @pytest.mark.parametrize(("limit", "total"), [("4000000000", 4_000_000_000), ("max", 8 * GB), ("9e9", 8 * GB)])
    def test_is_no_larger_than_its_container(
        self, proc: Path, monkeypatch: pytest.MonkeyPatch, limit: str, total: int
    ):
        monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 8 * GB, "SC_PAGE_SIZE": 1}.get)
        assert memory_fit.total_bytes(proc) == 8 * GB, "there are no containers here"
        (proc / "memory.max").write_text(limit + "\n")
        assert memory_fit.total_bytes(proc) == total

    @pytest.mark.parametrize(
        ("gigabytes", "resident", "budget"),
        [(64, 48 * GB, 43.2 * GB), (16, 12 * GB, 10.8 * GB), (8, 6 * GB, 3 * GB), (4, 3 * GB, 0)],
    )
    def test_leaves_a_mac_what_metal_and_everything_else_needs(
        self, monkeypatch: pytest.MonkeyPatch, gigabytes: int, resident: int, budget: float
    ):
        sizes = {"SC_PHYS_PAGES": gigabytes * GB // 4096, "SC_PAGE_SIZE": 4096}
        device = SimpleNamespace(recommendedMaxWorkingSetSize=lambda: resident)
        monkeypatch.setattr("os.sysconf", sizes.get)
        monkeypatch.setitem(sys.modules, "Metal", SimpleNamespace(MTLCreateSystemDefaultDevice=lambda: device))
        assert memory_fit._apple_available_bytes() == pytest.approx(budget, abs=5000)

    def test_takes_two_thirds_of_a_mac_without_metal(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 24 * GB, "SC_PAGE_SIZE": 1}.get)
        monkeypatch.setitem(sys.modules, "Metal", None)
        assert memory_fit._apple_available_bytes() == pytest.approx(0.9 * 16 * GB, abs=5)

    def test_keeps_something_for_the_rest_of_the_program(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(
            memory_fit,
            "_linux_available_bytes" if sys.platform != "darwin" else "_apple_available_bytes",
            lambda: 2 * GB,
        )
        assert 1 * GB < memory_fit.available_bytes() < 2 * GB

    def test_reads_weights_at_some_speed(self):
        assert memory_fit.weight_bandwidth() >= 5 * GB
