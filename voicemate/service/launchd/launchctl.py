"""Pure procedures for ``launchctl(1)`` in the domain ``gui/UID``, and what to do about each exit code.

Never ``load``/``unload``: they exit with 0 on failure. ``bootout`` is asynchronous: for some seconds the agent is
neither loaded nor gone. ``bootstrap`` exits with 5 (input/output error) then, and for many other reasons. A loaded
agent is not always started. The output of ``print`` is "not API" by its manual: only its simplest lines are parsed.
"""

import re
from pathlib import Path

from voicemate.core.errors import ServiceError
from voicemate.service.effects import NOT_FOUND, CommandResult, Procedure, RunCommand, Wait
from voicemate.service.service_manager import ServiceState

LABEL = "dev.voicemate.agent"

# errno(2) and xpc codes, as launchctl exits with them
NO_SUCH_PROCESS = 3
INPUT_OUTPUT = 5
EXISTS = 17
IN_PROGRESS = 36
ALREADY = 37
NO_DOMAIN = 112
NO_SERVICE = 113
DISABLED = 119
BAD_PERMISSIONS = 122
NOT_IN_THIS_DOMAIN = 125

_GONE = {NO_SUCH_PROCESS, NO_SERVICE}
_NO_SESSION = {NO_DOMAIN, NOT_IN_THIS_DOMAIN}
_RETRYABLE = {INPUT_OUTPUT, EXISTS, IN_PROGRESS, ALREADY, DISABLED}
"""Codes of ``bootstrap`` to retry after, once the old agent has gone and the label is enabled."""

_DRAIN = (0.1, 0.2, 0.5, *(1.0,) * 20)
"""Pauses (s) until a booted-out agent must have gone: launchd kills it after ExitTimeOut, 15 s in our plist."""
_RETRY = (0.25, 0.75, 2.0, 5.0)
_STARTING = (0.1, 0.3, 0.6, 1.0, 2.0)
_SETTLING_S = 1.5
"""Seconds in which a program that cannot run at all has ended."""

_OK = CommandResult()
_ABSENT = CommandResult(NO_SERVICE)
_RUNNING = CommandResult(0, "\tstate = running\n\tpid = 1\n")


class Launchctl:
    """The procedures for our agent in the account's graphical session.

    Args:
        uid: of the account.
        definition: the plist in ~/Library/LaunchAgents.
    """

    def __init__(self, uid: int, definition: Path) -> None:
        self._domain = f"gui/{uid}"
        self._target = f"{self._domain}/{LABEL}"
        self._definition = definition

    def observe(self) -> Procedure[ServiceState]:
        """Return the state of the agent.

        Raises:
            ServiceError: there is no graphical session, or no launchctl.
        """
        return (yield from self._query(None))

    def unload(self) -> Procedure[None]:
        """Boot the agent out and wait until it has gone.

        Raises:
            ServiceError: it is still loaded after 20 s.
        """
        answer = yield self._command("bootout", self._target)
        if answer.code in _GONE:
            return
        self._refuse_without_session(answer)
        # After 0, "in progress" or a failure it may still be loaded: ask `print`.
        for seconds in _DRAIN:
            seen = yield from self._query(_ABSENT)
            if not seen.loaded:
                return
            yield Wait(seconds)
        raise ServiceError(
            f"launchd has not let go of the agent after {sum(_DRAIN):.0f} s",
            "Log out and in again, then repeat this",
        )

    def load(self) -> Procedure[ServiceState]:
        """Bootstrap the agent and check that it is started.

        Raises:
            ServiceError: with the message of launchctl.
        """
        yield self._command("enable", self._target)
        answer = yield self._command("bootstrap", self._domain, str(self._definition))
        for seconds in _RETRY:
            if answer.code not in _RETRYABLE:
                break
            if (yield from self._query(_ABSENT)).loaded:
                yield from self.unload()
            else:
                yield Wait(seconds)
            if answer.code == DISABLED:
                yield self._command("enable", self._target)
            answer = yield self._command("bootstrap", self._domain, str(self._definition))
        if answer.code:
            self._refuse_without_session(answer)
            raise _refused("bootstrap", answer)
        return (yield from self._await_start(runs_before=0))

    def after_removal(self) -> Procedure[None]:
        """Do nothing: launchd forgets an agent that was booted out."""
        yield from ()

    def start(self) -> Procedure[ServiceState]:
        """Start the agent if it does not run, even if it does not start at login."""
        before = yield from self._query(_RUNNING)
        if not before.loaded:
            at_login = yield from self.at_login()
            started = yield from self.load()
            if not at_login:
                yield from self.set_at_login(False)
            return started
        yield from self._kickstart()
        return (yield from self._await_start(before.starts or 0))

    def restart(self) -> Procedure[ServiceState]:
        """Restart the agent."""
        before = yield from self._query(_RUNNING)
        yield from self._kickstart("-k")
        return (yield from self._await_start(before.starts or 0))

    def stop(self) -> Procedure[None]:
        """Send SIGTERM. The agent exits with 0, so launchd does not restart it until the next login."""
        answer = yield self._command("kill", "SIGTERM", self._target)
        if answer.code and answer.code not in _GONE:
            raise _refused("kill", answer)
        for seconds in _DRAIN:
            seen = yield from self._query(CommandResult(0, "\tstate = not running\n"))
            if seen.pid is None:
                return
            yield Wait(seconds)
        raise ServiceError("voicemate has not ended", "End it with `voicemate service uninstall`, or log out")

    def at_login(self) -> Procedure[bool]:
        """Return whether the label is enabled, as it is by default."""
        answer = yield RunCommand(("launchctl", "print-disabled", self._domain), CommandResult(), read_only=True)
        self._refuse_without_session(answer)
        # Older systems print true or false: whether the label is disabled.
        return not re.search(rf'"{re.escape(LABEL)}" => (disabled|true)', answer.out)

    def set_at_login(self, on: bool) -> Procedure[None]:
        """Enable or disable the label, permanently; a running agent goes on."""
        verb = "enable" if on else "disable"
        answer = yield self._command(verb, self._target)
        if answer.code:
            self._refuse_without_session(answer)
            raise _refused(verb, answer)

    def _kickstart(self, *flags: str) -> Procedure[None]:
        answer = yield self._command("kickstart", *flags, self._target)
        if answer.code in _GONE:
            raise ServiceError("The service is not installed", "Install it with `voicemate service install`")
        if answer.code and answer.code != ALREADY:
            self._refuse_without_session(answer)
            raise _refused("kickstart", answer)

    def _await_start(self, runs_before: int) -> Procedure[ServiceState]:
        """Wait for a process, or one that has already ended. Kickstart once: some agents are not started."""
        for round_ in range(2):
            for seconds in _STARTING:
                seen = yield from self._query(_RUNNING)
                if seen.pid is not None:
                    yield Wait(_SETTLING_S)
                    return (yield from self._query(_RUNNING))
                if seen.last_exit is not None and (seen.starts is None or seen.starts > runs_before):
                    return seen
                yield Wait(seconds)
            if round_ == 0:
                yield from self._kickstart()
        raise ServiceError(
            "launchd has the agent but does not start it",
            "Look for its reason with `log show --last 5m --predicate 'process == \"launchd\"'`",
        )

    def _query(self, dry_run_result: CommandResult | None) -> Procedure[ServiceState]:
        answer = yield RunCommand(("launchctl", "print", self._target), dry_run_result, read_only=True)
        if answer.code in _GONE:
            return ServiceState(loaded=False)
        self._refuse_without_session(answer)
        if answer.code:
            raise _refused("print", answer)
        return parse_print(answer.out)

    def _command(self, *words: str) -> RunCommand:
        return RunCommand(("launchctl", *words), _OK)

    def _refuse_without_session(self, answer: CommandResult) -> None:
        if answer.code in _NO_SESSION:
            raise ServiceError(
                "There is no graphical session of this account to start in",
                "Log in at the Mac's screen and repeat this in a terminal there, not over ssh and not with sudo",
            )
        if answer.code == NOT_FOUND:
            raise ServiceError("There is no launchctl on this machine", "Run voicemate by hand: `voicemate run`")


def parse_print(text: str) -> ServiceState:
    """Parse the known lines of ``launchctl print gui/UID/LABEL``."""

    def line(key: str) -> str | None:
        # The agent's own lines are indented once; those of its endpoints and environment more.
        found = re.search(rf"^\t?{key} = (.*)$", text, re.MULTILINE)
        return found[1].strip() if found else None

    def number(key: str) -> int | None:
        found = re.match(r"-?\d+", line(key) or "")
        return int(found[0]) if found else None

    return ServiceState(
        loaded=True,
        pid=number("pid"),
        last_exit=number("last exit code"),
        starts=number("runs"),
        state=line("state") or "",
    )


def _refused(verb: str, answer: CommandResult) -> ServiceError:
    remedy = {
        BAD_PERMISSIONS: "Make ~/Library/LaunchAgents and what is in it yours, and writable by you only",
        INPUT_OUTPUT: "See that System Settings > General > Login Items allows Voicemate, then log out and in again "
        "and repeat this",
    }.get(answer.code, "`launchctl error` with that number explains it")
    return ServiceError(f"launchctl {verb} failed with {answer.code} ({answer.first_line or 'no message'})", remedy)
