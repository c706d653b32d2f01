import mmap
import re
import sys
from pathlib import Path

import pytest

from voicemate.thinking.file_pages import let_go


def resident_kb(path: Path) -> int:
    maps = Path("/proc/self/smaps").read_text()
    mapping = maps[maps.index(str(path)) :]
    found = re.search(r"^Rss: +(\d+) kB", mapping, re.MULTILINE)
    assert found
    return int(found[1])


@pytest.mark.skipif(sys.platform != "linux", reason="nothing happens elsewhere")
def test_what_was_read_of_a_file_leaves_memory_and_comes_back_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a model.gguf"
    path.write_bytes(bytes(range(256)) * 4096)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        read = bytes(mapped)
        assert resident_kb(path) == 1024
        let_go(path)
        assert resident_kb(path) == 0
        assert bytes(mapped) == read


def test_a_file_that_is_not_mapped_is_none_of_its_business(tmp_path: Path) -> None:
    let_go(tmp_path / "not there")
