"""Install, upgrade and uninstall: what was there before is there again when anything goes wrong on the way.

The same for launchd and systemd. An upgrade is an installation over another one; one that changes no file is a
restart.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from voicemate.core.errors import ServiceError, VoicemateError
from voicemate.service.effects import File, Machine, run_procedure
from voicemate.service.service_manager import ServiceManager, ServiceState
from voicemate.service.transaction import FileTransaction

Report = Callable[[str], None]


class Installer:
    """Puts a service in place and takes it away. Each command has to begin with ``recover``.

    Args:
        journal: a private folder for what is needed to undo a change.
        tell: gets one line for each thing that is done.
    """

    def __init__(self, machine: Machine, manager: ServiceManager, journal: Path, report: Report):
        self._machine = machine
        self._manager = manager
        self._journal = journal
        self._report = report

    def install(self, wanted: Sequence[File], before_start: Callable[[FileTransaction], None]) -> ServiceState:
        """Have exactly ``wanted`` on the disk and the service running from it.

        Args:
            before_start: called when the files are in place and before the supervisor sees them; may raise.

        Raises:
            ServiceError, OSError: it could not be done; all is as it was before.
        """
        before = run_procedure(self._manager.observe(), self._machine)
        different = [file for file in wanted if self._machine.read(file.path) != file]
        if before.loaded and not different:
            self._report("nothing has changed but perhaps the program: starting it anew")
            run_procedure(self._manager.set_at_login(True), self._machine)
            return run_procedure(self._manager.restart(), self._machine)
        return self._all_or_nothing(
            before, lambda changes: self._install_files(changes, different, before, before_start)
        )

    def uninstall(self, paths: Sequence[Path]) -> bool:
        """End the service and remove ``paths``; False when there was nothing.

        Raises:
            ServiceError, OSError: it could not be done; all is as it was before.
        """
        before = run_procedure(self._manager.observe(), self._machine)
        present = [path for path in paths if self._machine.read(path)]
        if not before.loaded and not present:
            return False
        self._all_or_nothing(before, lambda changes: self._remove_files(changes, present, before))
        return True

    def interrupted(self) -> bool:
        """Whether an installation was killed on its way and waits for ``recover``."""
        return self._machine.read(self._journal / "journal.json") is not None

    def recover(self) -> None:
        """Put back what an installation changed that was killed on its way, if there is one."""
        try:
            changes = FileTransaction.load_unfinished(self._machine, self._journal)
        except (json.JSONDecodeError, KeyError) as error:
            raise ServiceError(
                f"The journal of an interrupted installation in {self._journal} is damaged ({error})",
                "Delete that folder, then repeat this",
            ) from None
        if changes:
            self._report("an earlier installation was interrupted: putting back what was there before it")
            self._undo(changes)

    def _install_files(
        self,
        changes: FileTransaction,
        files: list[File],
        before: ServiceState,
        before_start: Callable[[FileTransaction], None],
    ) -> ServiceState:
        for file in files:
            self._report(f"writing {file.path}")
            changes.write(file)
        before_start(changes)
        changes.mark_service_changed()
        if before.loaded:
            self._report("ending the service as it was")
            run_procedure(self._manager.unload(), self._machine)
        self._report("starting the service")
        return run_procedure(self._manager.load(), self._machine)

    def _remove_files(self, changes: FileTransaction, paths: list[Path], before: ServiceState) -> ServiceState:
        changes.mark_service_changed()
        if before.loaded:
            self._report("ending the service")
            run_procedure(self._manager.unload(), self._machine)
        for path in paths:
            self._report(f"removing {path}")
            changes.remove(path)
        run_procedure(self._manager.after_removal(), self._machine)
        return ServiceState(loaded=False)

    def _all_or_nothing(self, before: ServiceState, work: Callable[[FileTransaction], ServiceState]) -> ServiceState:
        changes = FileTransaction(self._machine, self._journal, before.loaded)
        try:
            after = work(changes)
            changes.commit()
            return after
        except BaseException:
            self._report("that failed: putting back what was there before")
            try:
                self._undo(changes)
            except (VoicemateError, OSError) as second:
                self._report(
                    f"not all could be put back ({second}); the next `voicemate service` command tries again"
                )
            raise

    def _undo(self, changes: FileTransaction) -> None:
        """Files first, then the service: it must start from what was there before."""
        if changes.service_changed:
            run_procedure(self._manager.unload(), self._machine)
        changes.roll_back()
        if changes.service_changed:
            again = self._manager.load() if changes.was_loaded else self._manager.after_removal()
            run_procedure(again, self._machine)
        changes.commit()
