"""launchctl's codes and delays: in the end the agent runs, or an error says why not."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.service.fakes import FakeLaunchd, FakeMachine
from voicemate.core.errors import ServiceError
from voicemate.service.effects import File, run_procedure
from voicemate.service.launchd import agent
from voicemate.service.launchd.launchctl import Launchctl, parse_print

PLIST = Path("/Users/someone/Library/LaunchAgents/dev.voicemate.agent.plist")
LAUNCHCTL = Launchctl(501, PLIST)


def a_mac(**behaviour: object) -> tuple[FakeMachine, FakeLaunchd]:
    machine = FakeMachine()
    machine.write(File(PLIST, agent.render(Path("/A/Voicemate"), Path("/L/launchd.log"))))
    launchd = FakeLaunchd(machine, **behaviour)  # type: ignore[arg-type]
    machine.programs["launchctl"] = launchd
    return machine, launchd


behaviours = st.fixed_dictionaries(
    {
        "drain_s": st.floats(0, 15),
        "bootout_code": st.sampled_from([0, 36, 5]),
        "busy_code": st.sampled_from([5, 17, 37]),
        "moods": st.lists(st.sampled_from([5, 36, 37, 0]), max_size=4),
        "lazy": st.booleans(),
        "disabled": st.booleans(),
    }
)


@settings(max_examples=60, deadline=None)
@given(behaviours)
def test_an_agent_is_loaded_in_any_state_of_launchd(behaviour: dict[str, object]) -> None:
    machine, launchd = a_mac(**behaviour)
    assert run_procedure(LAUNCHCTL.load(), machine).pid == launchd.pid is not None
    # and again over the loaded one, with a draining one in between
    launchd.moods = [5]
    run_procedure(LAUNCHCTL.unload(), machine)
    assert launchd.running_from is None
    assert run_procedure(LAUNCHCTL.load(), machine).pid == launchd.pid is not None
    assert machine.now < 90


@settings(max_examples=60, deadline=None)
@given(behaviours)
def test_loading_replaces_a_loaded_agent(behaviour: dict[str, object]) -> None:
    machine, launchd = a_mac(**behaviour)
    launchd.moods = []
    run_procedure(LAUNCHCTL.load(), machine)
    changed = agent.render(Path("/B/Voicemate"), Path("/L/launchd.log"))
    machine.write(File(PLIST, changed))
    run_procedure(LAUNCHCTL.load(), machine)
    assert launchd.running_from == changed


def test_unloading_an_absent_agent_does_not_wait() -> None:
    machine, _ = a_mac()
    run_procedure(LAUNCHCTL.unload(), machine)
    assert machine.now < 0.1


def test_unloading_times_out_after_twenty_seconds() -> None:
    machine, _ = a_mac(drain_s=1e9)
    run_procedure(LAUNCHCTL.load(), machine)
    with pytest.raises(ServiceError, match="not let go"):
        run_procedure(LAUNCHCTL.unload(), machine)
    assert 16 < machine.now < 60


@pytest.mark.parametrize(
    ("code", "sentence"), [(5, "Login Items"), (122, "writable by you only"), (150, "launchctl error")]
)
def test_a_persistent_code_raises_launchctls_message(code: int, sentence: str) -> None:
    machine, launchd = a_mac(moods=[code] * 99)
    with pytest.raises(ServiceError, match=f"failed with {code}") as failed:
        run_procedure(LAUNCHCTL.load(), machine)
    assert sentence in failed.value.hint
    assert launchd.running_from is None
    assert machine.now < 30


@pytest.mark.parametrize("procedure", ["observe", "load", "unload", "start", "restart"])
def test_a_missing_graphical_session_has_a_hint(procedure: str) -> None:
    machine, _ = a_mac(session=False)
    with pytest.raises(ServiceError, match="not over ssh"):
        run_procedure(getattr(LAUNCHCTL, procedure)(), machine)


@pytest.mark.parametrize("after_s", [0, 0.05, 1.2])
def test_a_program_that_ends_at_once_is_reported_and_not_kickstarted(after_s: float) -> None:
    machine, launchd = a_mac(ends_with=0, ends_after_s=after_s)
    seen = run_procedure(LAUNCHCTL.load(), machine)
    assert (seen.pid, seen.last_exit, launchd.runs) == (None, 0, 1)


def test_a_restart_ignores_the_exit_code_of_the_previous_run() -> None:
    machine, launchd = a_mac()
    run_procedure(LAUNCHCTL.load(), machine)
    run_procedure(LAUNCHCTL.stop(), machine)
    assert run_procedure(LAUNCHCTL.observe(), machine).pid is None
    seen = run_procedure(LAUNCHCTL.restart(), machine)
    assert seen.pid == launchd.pid
    assert launchd.runs == 2


def test_starting_an_unloaded_agent_loads_it_and_restarting_it_is_an_error() -> None:
    machine, launchd = a_mac()
    with pytest.raises(ServiceError, match="voicemate service install"):
        run_procedure(LAUNCHCTL.restart(), machine)
    assert run_procedure(LAUNCHCTL.start(), machine).pid == launchd.pid is not None


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_output_of_print_is_parsed(text: str) -> None:
    assert parse_print(text).loaded


def test_only_the_agents_own_lines_are_parsed() -> None:
    seen = parse_print("x = {\n\targuments = {\n\t\tpid = 1\n\t}\n\tlast exit code = 78: EX_CONFIG\n\truns = 3\n}\n")
    assert (seen.pid, seen.last_exit, seen.starts) == (None, 78, 3)
