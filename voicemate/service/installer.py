"""Install, upgrade and uninstall, with rollback on any failure.

An upgrade is an installation over another one; if it changes no file, it only restarts the service.
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
    """Installs and uninstalls a service. Call ``recover`` before anything else.

    Args:
        journal: a private folder for the rollback.
        report: receives a line for each step.
    """

    def __init__(self, machine: Machine, manager: ServiceManager, journal: Path, report: Report) -> None:
        self._machine = machine
        self._manager = manager
        self._journal = journal
        self._report = report

    def install(self, wanted: Sequence[File], before_start: Callable[[FileTransaction], None]) -> ServiceState:
        """Write ``wanted``, all files of the service, and run it from them.

        Args:
            before_start: called after the files are written and before the service is loaded; may raise.

        Raises:
            ServiceError, OSError: it failed, and was rolled back.
        """
        before = run_procedure(self._manager.observe(), self._machine)
        different = [file for file in wanted if self._machine.read(file.path) != file]
        if before.loaded and not different:
            self._report("nothing has changed but perhaps the program: starting it anew")
            run_procedure(self._manager.set_at_login(True), self._machine)
            return run_procedure(self._manager.restart(), self._machine)
        return self._transact(before, lambda changes: self._install_files(changes, different, before, before_start))

    def uninstall(self, paths: Sequence[Path]) -> bool:
        """Stop the service and remove ``paths``; return False if there was nothing to remove.

        Raises:
            ServiceError, OSError: it failed, and was rolled back.
        """
        before = run_procedure(self._manager.observe(), self._machine)
        present = [path for path in paths if self._machine.read(path)]
        if not before.loaded and not present:
            return False
        self._transact(before, lambda changes: self._remove_files(changes, present, before))
        return True

    def interrupted(self) -> bool:
        """Whether an installation was killed and needs ``recover``."""
        return self._machine.read(self._journal / "journal.json") is not None

    def recover(self) -> None:
        """Roll back an installation that was killed, if there is one.

        Raises:
            ServiceError: its journal is damaged.
        """
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

    def _transact(self, before: ServiceState, work: Callable[[FileTransaction], ServiceState]) -> ServiceState:
        changes = FileTransaction(self._machine, self._journal, before.loaded)
        try:
            after = work(changes)
            changes.commit()
        except BaseException:
            self._report("that failed: putting back what was there before")
            try:
                self._undo(changes)
            except (VoicemateError, OSError) as second:
                self._report(
                    f"not all could be put back ({second}); the next `voicemate service` command tries again"
                )
            raise
        return after

    def _undo(self, changes: FileTransaction) -> None:
        """Restore the files, then load the service from them."""
        if changes.service_changed:
            run_procedure(self._manager.unload(), self._machine)
        changes.roll_back()
        if changes.service_changed:
            again = self._manager.load() if changes.was_loaded else self._manager.after_removal()
            run_procedure(again, self._machine)
        changes.commit()
