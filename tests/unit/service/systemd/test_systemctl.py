"""The procedures for ``systemctl --user``, against a simulated user manager."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.service.fakes import FakeMachine, FakeSystemd
from voicemate.core.errors import ServiceError
from voicemate.service.effects import File, run_procedure
from voicemate.service.systemd.systemctl import Systemctl, parse_show

UNIT = Path("/home/someone/.config/systemd/user/voicemate.service")


def loaded(**behaviour: object) -> tuple[FakeMachine, FakeSystemd]:
    machine = FakeMachine()
    machine.write(File(UNIT, b"[Service]\n"))
    return machine, FakeSystemd(machine, UNIT, **behaviour)  # type: ignore[arg-type]


def test_a_service_that_ends_at_once_has_its_exit_code() -> None:
    machine, _ = loaded(ends_with=3)
    seen = run_procedure(Systemctl().load(), machine)
    assert (seen.pid, seen.last_exit, seen.state) == (None, 3, "failed/failed")


def test_starting_resets_earlier_failures() -> None:
    machine, systemd = loaded(ends_with=1)
    for procedure in (Systemctl().load, Systemctl().start, Systemctl().restart):
        run_procedure(procedure(), machine)
    systemd.ends_with = None
    assert run_procedure(Systemctl().start(), machine).pid
    assert systemd.enabled


@pytest.mark.parametrize("procedure", ["observe", "load", "unload", "start", "stop", "restart"])
def test_a_missing_user_manager_has_a_hint(procedure: str) -> None:
    machine, _ = loaded(bus=False)
    with pytest.raises(ServiceError, match="voicemate run"):
        run_procedure(getattr(Systemctl(), procedure)(), machine)


def test_missing_systemd_has_the_same_message() -> None:
    with pytest.raises(ServiceError, match="No systemd runs for this account"):
        run_procedure(Systemctl().observe(), FakeMachine())


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_output_of_show_is_parsed(text: str) -> None:
    parse_show(text)
