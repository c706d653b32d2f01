"""Changes to files: all of them or none, whatever interrupts them.

Before a file is changed, what was there is copied to a journal on the disk. ``restore`` puts it back, in this process
or, after a kill, in the next one that looks (``unfinished``).
"""

import json
from pathlib import Path

from voicemate.service.effects import File, Machine

_JOURNAL = "journal.json"


class FileTransaction:
    """One set of changes, begun when it is made.

    Args:
        folder: where the journal lives; private, since it holds copies.
        was_loaded: whether the service was loaded before; kept for whoever undoes the changes.

    Raises:
        OSError: from every method, when the disk refuses.
    """

    def __init__(self, machine: Machine, folder: Path, was_loaded: bool):
        self._machine = machine
        self._folder = folder
        self._entries: list[dict[str, str | int | None]] = []
        self.was_loaded = was_loaded
        self.service_changed = False
        self._write_journal()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that were changed so far."""
        return tuple(Path(str(entry["path"])) for entry in self._entries)

    def mark_service_changed(self) -> None:
        """Write down that the service itself is now going to be changed, and not only files."""
        self.service_changed = True
        self._write_journal()

    def write(self, file: File) -> None:
        """Put ``file`` in place."""
        self._back_up(file.path)
        self._machine.write(file)

    def remove(self, path: Path) -> None:
        """Remove the file at ``path``, if there is one."""
        self._back_up(path)
        self._machine.remove(path)

    def commit(self) -> None:
        """All is as it is to be: the journal is not needed any more."""
        self._machine.remove(self._folder / _JOURNAL)
        for entry in self._entries:
            if entry["copy"]:
                self._machine.remove(self._folder / str(entry["copy"]))

    def roll_back(self) -> None:
        """Put every file back as it was. It may be done again, until ``keep``."""
        for entry in reversed(self._entries):
            path = Path(str(entry["path"]))
            if entry["copy"] is None:
                self._machine.remove(path)
            elif copy := self._machine.read(self._folder / str(entry["copy"])):
                self._machine.write(File(path, copy.data, int(entry["mode"] or 0o600)))

    def _back_up(self, path: Path) -> None:
        before = self._machine.read(path)
        copy = None
        if before:
            copy = str(len(self._entries))
            self._machine.write(File(self._folder / copy, before.data, 0o600))
        self._entries.append({"path": str(path), "copy": copy, "mode": before.mode if before else None})
        self._write_journal()

    def _write_journal(self) -> None:
        journal = {
            "was_loaded": self.was_loaded,
            "service_touched": self.service_changed,
            "entries": self._entries,
        }
        self._machine.write(File(self._folder / _JOURNAL, json.dumps(journal).encode(), 0o600))

    @classmethod
    def load_unfinished(cls, machine: Machine, folder: Path) -> "FileTransaction | None":
        """What an earlier process began and did not end, if anything."""
        journal = machine.read(folder / _JOURNAL)
        if journal is None:
            return None
        held = json.loads(journal.data)
        changes = cls.__new__(cls)
        changes._machine, changes._folder = machine, folder
        changes._entries = held["entries"]
        changes.was_loaded, changes.service_changed = held["was_loaded"], held["service_touched"]
        return changes
