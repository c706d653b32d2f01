import ctypes
import mmap
import re
import sys
from pathlib import Path

import pytest

from voicemate.system.file_pages import evict, evict_libraries

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing happens elsewhere")

BYTES = bytes(range(256)) * 4096


def resident_kb(path: Path) -> int:
    maps = Path("/proc/self/smaps").read_text()
    mapping = maps[maps.index(str(path)) :]
    found = re.search(r"^Rss: +(\d+) kB", mapping, re.MULTILINE)
    assert found
    return int(found[1])


def test_an_evicted_file_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a model.gguf"
    path.write_bytes(BYTES)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        read = bytes(mapped)
        assert resident_kb(path) == 1024
        evict(path)
        assert resident_kb(path) == 0
        assert bytes(mapped) == read


def test_a_file_that_is_not_mapped_is_ignored(tmp_path: Path) -> None:
    evict(tmp_path / "not there")


@pytest.mark.parametrize("name", ["libsound.so", "libsound.so.3", "libsound.so.0.24.2"])
def test_an_evicted_library_is_read_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BYTES)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert bytes(mapped) == BYTES
        evict_libraries()
        assert resident_kb(path) == 0
        assert bytes(mapped) == BYTES


def test_other_files_stay_resident(tmp_path: Path) -> None:
    path = tmp_path / "a model.gguf"
    path.write_bytes(BYTES)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert bytes(mapped) == BYTES
        evict_libraries()
        assert resident_kb(path) == 1024


def test_relocated_tables_stay_resident(tmp_path: Path) -> None:
    path = tmp_path / "libsound.so"
    path.write_bytes(BYTES)
    with path.open("rb") as file:
        private = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
        private[:4] = b"here"
        first = ctypes.c_char.from_buffer(private)
        protect = ctypes.CDLL(None).mprotect
        protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        assert protect(ctypes.addressof(first), len(private), mmap.PROT_READ) == 0
        evict_libraries()
        assert private[:4] == b"here"
        del first
        private.close()
