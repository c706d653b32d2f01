"""Pure procedures for ``systemctl --user``."""

from voicemate.core.errors import ServiceError
from voicemate.service.effects import NOT_FOUND, CommandResult, Procedure, RunCommand, Wait
from voicemate.service.service_manager import ServiceState

UNIT = "voicemate.service"

_SHOWN = ("LoadState", "UnitFileState", "ActiveState", "SubState", "MainPID", "NRestarts", "ExecMainStatus")
_STARTING = (0.2, 0.5, 1.0)
"""Pauses (s) in which a service that cannot run at all has ended."""
_RESET = ("reset-failed", UNIT)
"""After five failures in a minute systemd starts the unit only after this. It fails if there is nothing to reset."""
_STOP_S = 60.0
"""Seconds; longer than TimeoutStopSec of the unit."""


class Systemctl:
    """The procedures for our unit in the account's user manager."""

    def observe(self) -> Procedure[ServiceState]:
        """Return the state of the unit.

        Raises:
            ServiceError: no systemd runs for this account.
        """
        return (yield from self._query(None))

    def load(self) -> Procedure[ServiceState]:
        """Reload the unit, enable it, restart it, and check whether it still runs after two seconds.

        Raises:
            ServiceError: with the message of systemctl.
        """
        yield from self._run("daemon-reload")
        yield from self._run("enable", UNIT)
        return (yield from self.restart())

    def unload(self) -> Procedure[None]:
        """Stop and disable the unit."""
        if (yield from self._query(_RUNNING)).loaded:
            yield from self._run("disable", "--now", UNIT)

    def after_removal(self) -> Procedure[None]:
        """Have systemd forget the unit after its file was removed."""
        yield from self._run("daemon-reload")
        yield self._command(*_RESET)

    def start(self) -> Procedure[ServiceState]:
        """Start the unit."""
        yield self._command(*_RESET)
        yield from self._run("start", UNIT)
        return (yield from self._await_start())

    def restart(self) -> Procedure[ServiceState]:
        """Restart the unit."""
        yield self._command(*_RESET)
        yield from self._run("restart", UNIT)
        return (yield from self._await_start())

    def stop(self) -> Procedure[None]:
        """Stop the unit until the next login or start."""
        yield from self._run("stop", UNIT)

    def at_login(self) -> Procedure[bool]:
        """Return whether the unit is enabled."""
        answer = yield RunCommand(
            ("systemctl", "--user", "is-enabled", UNIT), CommandResult(0, "enabled\n"), read_only=True
        )
        return answer.out.strip() == "enabled"

    def set_at_login(self, on: bool) -> Procedure[None]:
        """Enable or disable the unit; a running one goes on."""
        yield from self._run("enable" if on else "disable", UNIT)

    def _await_start(self) -> Procedure[ServiceState]:
        state = yield from self._query(_RUNNING)
        for seconds in _STARTING:
            if state.pid is None:
                break
            yield Wait(seconds)
            state = yield from self._query(_RUNNING)
        return state

    def _query(self, dry_run_result: CommandResult | None) -> Procedure[ServiceState]:
        words = ("systemctl", "--user", "show", UNIT, f"--property={','.join(_SHOWN)}")
        answer = yield RunCommand(words, dry_run_result, read_only=True)
        if answer.code:
            raise _refused("show", answer)
        return parse_show(answer.out)

    def _run(self, *words: str) -> Procedure[None]:
        answer = yield self._command(*words)
        if answer.code:
            raise _refused(words[0], answer)

    def _command(self, *words: str) -> RunCommand:
        return RunCommand(("systemctl", "--user", *words), CommandResult(), timeout_s=_STOP_S)


_RUNNING = CommandResult(0, "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=1\n")


def parse_show(text: str) -> ServiceState:
    """Parse the output of ``systemctl show``."""
    properties = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def number(key: str) -> int | None:
        return int(properties[key]) if properties.get(key, "").lstrip("-").isdigit() else None

    state = "/".join(word for word in (properties.get("ActiveState"), properties.get("SubState")) if word)
    ended = (
        properties.get("ActiveState") in ("failed", "inactive", "activating")
        and properties.get("LoadState") == "loaded"
    )
    return ServiceState(
        loaded=properties.get("LoadState") == "loaded",
        pid=number("MainPID") or None,
        last_exit=number("ExecMainStatus") if ended else None,
        starts=number("NRestarts"),
        state=state,
    )


def _refused(verb: str, answer: CommandResult) -> ServiceError:
    if answer.code == NOT_FOUND or "connect to bus" in answer.err or "not been booted" in answer.err:
        return ServiceError(
            "No systemd runs for this account",
            "Log in directly (not with su or sudo); without systemd, start voicemate by hand with `voicemate run`, "
            "or from your desktop's autostart (docs/guide/service.md)",
        )
    return ServiceError(
        f"systemctl --user {verb} failed with {answer.code} ({answer.first_line or 'no message'})",
        f"Look for the reason with `systemctl --user status {UNIT}`",
    )
