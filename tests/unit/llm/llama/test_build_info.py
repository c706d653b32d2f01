from pathlib import Path
from types import SimpleNamespace

import pytest

from voicemate.llm.llama import build_info
from voicemate.llm.llama.build_info import Amx


@pytest.mark.parametrize(
    ("info", "recorded", "expected"),
    [
        (b"CPU : AVX2 = 1 | ", b"", Amx.UNAVAILABLE),
        (b"CPU : AVX2 = 1 | AMX_INT8 = 1 | ", b"GNU GIMPLE -O3 -march=native", Amx.UNSAFE),
        (b"CPU : AVX2 = 1 | AMX_INT8 = 1 | ", b"GNU GIMPLE -O3 -fno-tree-dse -march=native", Amx.USABLE),
    ],
)
def test_a_build_with_amx_is_usable_with_the_compiler_switch_that_keeps_stores(
    info: bytes, recorded: bytes, expected: Amx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libggml-cpu.so").write_bytes(b"\x7fELF" + recorded)
    build = SimpleNamespace(__file__=str(tmp_path / "llama_cpp.py"), llama_print_system_info=lambda: info)
    monkeypatch.setattr(build_info, "C", build)
    assert build_info.amx() is expected
