"""Changes to files that are made all or not at all, even if the process is killed.

Each file is copied to a journal before it is changed. ``roll_back`` restores the copies, in this process or in the
next one (``load_unfinished``).
"""

import json
from pathlib import Path
from typing import TypedDict

from voicemate.service.effects import File, Machine

_JOURNAL = "journal.json"


class _Entry(TypedDict):
    path: str
    copy: str | None
    mode: int | None


class _Journal(TypedDict):
    was_loaded: bool
    service_touched: bool
    entries: list[_Entry]


class FileTransaction:
    """A set of changes. Every method may raise OSError.

    Args:
        folder: of the journal; private, since it holds copies.
        was_loaded: whether the service was loaded before, for the rollback.
        unfinished: the journal of an earlier process.

    Attributes:
        service_changed: the service itself is changed too, and not only files.
    """

    def __init__(
        self, machine: Machine, folder: Path, was_loaded: bool, unfinished: "_Journal | None" = None
    ) -> None:
        self._machine = machine
        self._folder = folder
        self._entries = unfinished["entries"] if unfinished else []
        self.was_loaded = was_loaded
        self.service_changed = unfinished["service_touched"] if unfinished else False
        if unfinished is None:
            self._write_journal()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files changed so far."""
        return tuple(Path(entry["path"]) for entry in self._entries)

    def mark_service_changed(self) -> None:
        """Record that the service itself is about to be changed."""
        self.service_changed = True
        self._write_journal()

    def write(self, file: File) -> None:
        """Write ``file``."""
        self._back_up(file.path)
        self._machine.write(file)

    def remove(self, path: Path) -> None:
        """Remove the file at ``path``, if it exists."""
        self._back_up(path)
        self._machine.remove(path)

    def commit(self) -> None:
        """Delete the journal."""
        self._machine.remove(self._folder / _JOURNAL)
        for entry in self._entries:
            if entry["copy"]:
                self._machine.remove(self._folder / entry["copy"])

    def roll_back(self) -> None:
        """Restore every file. May be repeated until ``commit``."""
        for entry in reversed(self._entries):
            path = Path(entry["path"])
            if entry["copy"] is None:
                self._machine.remove(path)
            elif copy := self._machine.read(self._folder / entry["copy"]):
                self._machine.write(File(path, copy.data, entry["mode"] or 0o600))

    def _back_up(self, path: Path) -> None:
        before = self._machine.read(path)
        copy = None
        if before:
            copy = str(len(self._entries))
            self._machine.write(File(self._folder / copy, before.data, 0o600))
        self._entries.append({"path": str(path), "copy": copy, "mode": before.mode if before else None})
        self._write_journal()

    def _write_journal(self) -> None:
        journal: _Journal = {
            "was_loaded": self.was_loaded,
            "service_touched": self.service_changed,
            "entries": self._entries,
        }
        self._machine.write(File(self._folder / _JOURNAL, json.dumps(journal).encode(), 0o600))

    @classmethod
    def load_unfinished(cls, machine: Machine, folder: Path) -> "FileTransaction | None":
        """Return the changes that an earlier process did not finish, if any.

        Raises:
            ValueError, KeyError: the journal is damaged.
        """
        journal = machine.read(folder / _JOURNAL)
        if journal is None:
            return None
        held: _Journal = json.loads(journal.data)
        return cls(machine, folder, held["was_loaded"], held)
