"""Install, upgrade and uninstall in any order, failing or killed anywhere, on both platforms: all or nothing."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.unit.service.fakes import FakeLaunchd, FakeMac, FakeMachine, FakeSystemd, Killed
from voicemate.core.errors import ServiceError
from voicemate.service.effects import CommandResult, File
from voicemate.service.interpreter import Interpreter
from voicemate.service.login import LoginService
from voicemate.service.platforms import Launchd, Platform, Systemd

HOME = Path("/Users/someone")
JOURNAL = Path("/state/undo")


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOICEMATE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("XDG_CONFIG_HOME", raising=False)
        yield


def an_interpreter(version: str = "1.0") -> Interpreter:
    """An interpreter whose path depends on the version: an upgrade changes files."""
    return Interpreter(sys.executable, "3.12", "/lib/libpython3.12.so", {"VOICEMATE_HOME": f"/{version}"}, version)


class World:
    """The machine of an account, with its state for comparison."""

    def __init__(self, mac: bool):
        self.machine = FakeMachine()
        self.machine.programs[sys.executable] = lambda argv: CommandResult(0, "3.12\n")
        if mac:
            self.launchd = FakeLaunchd(self.machine)
            self.mac = FakeMac(self.machine, self.launchd, HOME)
            self.platform: Platform = Launchd(HOME, 501)
        else:
            self.systemd = FakeSystemd(self.machine, HOME / ".config/systemd/user/voicemate.service")
            self.platform = Systemd(HOME)
        self.is_mac = mac
        self.said: list[str] = []

    @property
    def service(self) -> LoginService:
        return LoginService(self.platform, self.machine, self.said.append, JOURNAL)

    @property
    def runs_from(self) -> bytes | None:
        if self.is_mac:
            return self.launchd.running_from if self.launchd.pid else None
        return self.systemd.read if self.systemd.pid else None

    def files(self) -> dict[Path, File]:
        """The installed files, without journal copies, log and dialog answers."""
        return {
            path: file
            for path, file in self.machine.files.items()
            if JOURNAL not in path.parents and path.name not in ("answer", "launchd.log")
        }

    def state(self) -> object:
        return self.files(), self.runs_from


@cache
def as_installed(mac: bool, version: str | None) -> object:
    """The state of an account with only ``version`` installed, without failures."""
    world = World(mac)
    if version:
        world.service.install(an_interpreter(version))
    return world.state()


versions = st.sampled_from(["1.0", "2.0", "3.0"])


class Sequences(RuleBasedStateMachine):
    """Any sequence of what can happen; whenever nothing is left half done, one version is installed, or none, as if
    nothing else had ever been."""

    @initialize(mac=st.booleans(), drain=st.floats(0, 14), bootout=st.sampled_from([0, 36, 5]), lazy=st.booleans())
    def begin(self, mac: bool, drain: float, bootout: int, lazy: bool) -> None:
        self.world = World(mac)
        self.possible: set[str | None] = {None}
        """Versions that may be installed: a kill may come before or after the commit."""
        if mac:
            launchd = self.world.launchd
            launchd.drain_s, launchd.bootout_code, launchd.lazy = drain, bootout, lazy

    @rule(version=versions, moods=st.lists(st.sampled_from([5, 37]), max_size=2))
    def install(self, version: str, moods: list[int]) -> None:
        if self.world.is_mac:
            self.world.launchd.moods = moods
        assert self.world.service.install(an_interpreter(version)).pid
        self.possible = {version}

    @rule()
    def uninstall(self) -> None:
        assert self.world.service.uninstall() in {version is not None for version in self.possible}
        self.possible = {None}

    @rule()
    def recover(self) -> None:
        self.world.service.recover()

    @rule(version=st.none() | versions, effects=st.integers(0, 60))
    def is_killed(self, version: str | None, effects: int) -> None:
        self.world.machine.dies_in = effects
        try:
            if version:
                self.world.service.install(an_interpreter(version))
            else:
                self.world.service.uninstall()
            self.possible = {version}  # it was done before it could be killed
        except Killed:
            self.possible |= {version}
        self.world.machine.dies_in = None

    @rule(full=st.sampled_from(["host.conf", "service.json", ".plist", ".service", "journal.json", "0"]))
    def meets_a_full_disk(self, full: str) -> None:
        self.world.machine.refuse = lambda path: path.name.endswith(full)
        try:
            self.world.service.install(an_interpreter("4.0"))
            self.possible = {"4.0"}  # what does not fit was not needed
        except ServiceError:
            pass
        self.world.machine.refuse = lambda path: False

    @rule()
    def meets_no_session(self) -> None:
        self._session(False)
        with pytest.raises(ServiceError):
            self.world.service.install(an_interpreter("5.0"))
        self._session(True)

    def _session(self, there: bool) -> None:
        if self.world.is_mac:
            self.world.launchd.session = there
        else:
            self.world.systemd.bus = there

    @invariant()
    def one_version_is_installed_or_none(self) -> None:
        if hasattr(self, "world") and not self._half_done:
            state = self.world.state()
            self.possible = {item for item in self.possible if as_installed(self.world.is_mac, item) == state}
            assert self.possible

    @invariant()
    def the_permission_stays_with_the_bytes(self) -> None:
        if hasattr(self, "world") and self.world.is_mac and not self._half_done and self.possible != {None}:
            assert self.world.mac.may_listen

    @property
    def _half_done(self) -> bool:
        return self.world.machine.read(JOURNAL / "journal.json") is not None


def test_any_sequence_of_installations_failures_and_kills() -> None:
    calm = settings(
        max_examples=25, stateful_step_count=10, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(Sequences, settings=calm)


def test_an_upgrade_keeps_the_bundle_and_its_permission() -> None:
    world = World(mac=True)
    world.service.install(an_interpreter("1.0"))
    program = world.machine.files[world.mac.executable]
    world.mac.compiler = b"clang 18"
    world.service.install(an_interpreter("2.0"))
    assert world.machine.files[world.mac.executable] == program
    assert world.mac.may_listen


def test_a_damaged_bundle_is_rebuilt_and_asks_again() -> None:
    world = World(mac=True)
    world.service.install(an_interpreter())
    world.machine.write(File(world.mac.executable, b"truncated", 0o755))
    assert any("Voicemate.app" in finding.message for finding in world.service.status().problems)
    world.service.install(an_interpreter())
    assert world.mac.may_listen
    assert any("not as it was built" in line for line in world.said)


def test_a_broken_host_changes_nothing() -> None:
    world = World(mac=True)
    world.service.install(an_interpreter("1.0"))
    before, pid = world.state(), world.launchd.pid
    world.mac.host_works = False
    with pytest.raises(ServiceError, match="cannot load Python"):
        world.service.install(an_interpreter("2.0"))
    assert world.state() == before
    assert world.launchd.pid == pid


def test_a_refused_microphone_is_reported_with_a_hint_and_does_not_stop_the_installation() -> None:
    world = World(mac=True)
    world.mac.answers = "DENIED"
    assert world.service.install(an_interpreter()).pid
    assert any("refused" in line and "Privacy_Microphone" in line for line in world.said)


def test_reinstalling_the_same_version_only_restarts() -> None:
    for mac in (True, False):
        world = World(mac)
        world.service.install(an_interpreter())
        files = world.files()
        world.machine.calls.clear()
        assert world.service.install(an_interpreter()).pid
        assert world.files() == files
        words = {word for argv in world.machine.calls for word in argv}
        assert words & {"kickstart", "restart"}
        assert not words & {"bootout", "disable", "/usr/bin/clang"}


def test_a_broken_python_is_refused_before_any_change() -> None:
    world = World(mac=False)
    world.machine.programs[sys.executable] = lambda argv: CommandResult(
        1, err="Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'voicemate'\n"
    )
    with pytest.raises(ServiceError, match="No module named 'voicemate'"):
        world.service.install(an_interpreter())
    assert world.files() == {}


def test_the_status_reports_a_moved_environment() -> None:
    world = World(mac=False)
    world.service.install(an_interpreter())
    moved = replace(an_interpreter(), python="/nowhere/.venv/bin/python")
    record = next(path for path in world.machine.files if path.name == "service.json")
    world.machine.write(File(record, moved.to_json(), 0o600))
    finding = world.service.status().problems[0]
    assert "moved or is gone" in finding.message
    assert "voicemate service install" in finding.hint


def test_a_disk_error_names_the_file() -> None:
    world = World(mac=True)
    world.machine.refuse = lambda path: path.name == "host.conf"
    with pytest.raises(ServiceError, match=r"host\.conf: No space left"):
        world.service.install(an_interpreter())
    assert world.files() == {}


def test_a_damaged_journal_has_a_hint() -> None:
    world = World(mac=False)
    world.machine.write(File(JOURNAL / "journal.json", b"{", 0o600))
    with pytest.raises(ServiceError, match="Delete that folder"):
        world.service.install(an_interpreter())


def test_the_status_reports_an_interrupted_installation() -> None:
    world = World(mac=True)
    world.machine.dies_in = 12
    with pytest.raises(Killed):
        world.service.install(an_interpreter())
    world.machine.dies_in = None
    assert any("interrupted" in finding.message for finding in world.service.status().problems)


@pytest.mark.parametrize("mac", [True, False])
def test_start_at_login_keeps_a_running_daemon(mac: bool) -> None:
    world = World(mac)
    world.service.start_at_login(False, an_interpreter())
    assert not world.service.installed
    world.service.start_at_login(True, an_interpreter())
    running = world.runs_from
    assert running
    assert world.service.starts_at_login()
    for on in (False, True):
        world.service.start_at_login(on, an_interpreter())
        assert world.service.starts_at_login() is on
        assert world.service.status().at_login is on
        assert world.runs_from == running
    world.service.start_at_login(False, an_interpreter())
    world.service.install(an_interpreter())
    assert world.service.starts_at_login()


@pytest.mark.parametrize("words", [True, False])
def test_a_service_disabled_at_login_can_be_started_and_stays_disabled(words: bool) -> None:
    world = World(mac=True)
    world.launchd.words = words
    world.service.install(an_interpreter())
    world.service.start_at_login(False, an_interpreter())
    world.launchd.definition = world.launchd.pid = None  # the next login
    assert world.service.start().pid
    assert not world.service.starts_at_login()
