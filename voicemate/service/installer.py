"""Install, upgrade and uninstall: what was there before is there again when anything goes wrong on the way.

The same for launchd and systemd. An upgrade is an installation over another one; one that changes no file is a
restart.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from voicemate.core.errors import ServiceError, VoicemateError
from voicemate.service.effects import File, Machine, carry_out
from voicemate.service.service_manager import Observed, ServiceManager
from voicemate.service.transaction import Changes

Tell = Callable[[str], None]


class Installer:
    """Puts a service in place and takes it away. Each command has to begin with ``recover``.

    Args:
        journal: a private folder for what is needed to undo a change.
        tell: gets one line for each thing that is done.
    """

    def __init__(self, machine: Machine, supervisor: ServiceManager, journal: Path, tell: Tell):
        self._machine = machine
        self._supervisor = supervisor
        self._journal = journal
        self._tell = tell

    def install(self, wanted: Sequence[File], before_start: Callable[[Changes], None]) -> Observed:
        """Have exactly ``wanted`` on the disk and the service running from it.

        Args:
            before_start: called when the files are in place and before the supervisor sees them; may raise.

        Raises:
            ServiceError, OSError: it could not be done; all is as it was before.
        """
        before = carry_out(self._supervisor.observe(), self._machine)
        different = [file for file in wanted if self._machine.read(file.path) != file]
        if before.loaded and not different:
            self._tell("nothing has changed but perhaps the program: starting it anew")
            carry_out(self._supervisor.set_at_login(True), self._machine)
            return carry_out(self._supervisor.restart(), self._machine)
        return self._all_or_nothing(before, lambda changes: self._put(changes, different, before, before_start))

    def uninstall(self, paths: Sequence[Path]) -> bool:
        """End the service and remove ``paths``; False when there was nothing.

        Raises:
            ServiceError, OSError: it could not be done; all is as it was before.
        """
        before = carry_out(self._supervisor.observe(), self._machine)
        present = [path for path in paths if self._machine.read(path)]
        if not before.loaded and not present:
            return False
        self._all_or_nothing(before, lambda changes: self._take_away(changes, present, before))
        return True

    def interrupted(self) -> bool:
        """Whether an installation was killed on its way and waits for ``recover``."""
        return self._machine.read(self._journal / "journal.json") is not None

    def recover(self) -> None:
        """Put back what an installation changed that was killed on its way, if there is one."""
        try:
            changes = Changes.unfinished(self._machine, self._journal)
        except (json.JSONDecodeError, KeyError) as error:
            raise ServiceError(
                f"The journal of an interrupted installation in {self._journal} is damaged ({error})",
                "Delete that folder, then repeat this",
            ) from None
        if changes:
            self._tell("an earlier installation was interrupted: putting back what was there before it")
            self._undo(changes)

    def _put(
        self, changes: Changes, files: list[File], before: Observed, before_start: Callable[[Changes], None]
    ) -> Observed:
        for file in files:
            self._tell(f"writing {file.path}")
            changes.put(file)
        before_start(changes)
        changes.touch_service()
        if before.loaded:
            self._tell("ending the service as it was")
            carry_out(self._supervisor.unload(), self._machine)
        self._tell("starting the service")
        return carry_out(self._supervisor.load(), self._machine)

    def _take_away(self, changes: Changes, paths: list[Path], before: Observed) -> Observed:
        changes.touch_service()
        if before.loaded:
            self._tell("ending the service")
            carry_out(self._supervisor.unload(), self._machine)
        for path in paths:
            self._tell(f"removing {path}")
            changes.remove(path)
        carry_out(self._supervisor.forget(), self._machine)
        return Observed(loaded=False)

    def _all_or_nothing(self, before: Observed, work: Callable[[Changes], Observed]) -> Observed:
        changes = Changes(self._machine, self._journal, before.loaded)
        try:
            after = work(changes)
            changes.keep()
            return after
        except BaseException:
            self._tell("that failed: putting back what was there before")
            try:
                self._undo(changes)
            except (VoicemateError, OSError) as second:
                self._tell(f"not all could be put back ({second}); the next `voicemate service` command tries again")
            raise

    def _undo(self, changes: Changes) -> None:
        """Files first, then the service: it must start from what was there before."""
        if changes.service_touched:
            carry_out(self._supervisor.unload(), self._machine)
        changes.restore()
        if changes.service_touched:
            again = self._supervisor.load() if changes.was_loaded else self._supervisor.forget()
            carry_out(again, self._machine)
        changes.keep()
