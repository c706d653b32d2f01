"""A service that started before the desktop finds its variables."""

from voicemate.system.desktop_env import desktop_environment

SYSTEMD = "HOME=/home/pip\nDISPLAY=:1\nXAUTHORITY=/run/user/1000/gdm/Xauthority\nXDG_SESSION_TYPE=x11\nPATH=/bin\n"


def test_a_program_in_the_session_uses_its_own_variables() -> None:
    environ = {"DISPLAY": ":0", "VOICEMATE_SERVICE": "systemd"}
    assert desktop_environment(environ, lambda: SYSTEMD) == environ


def test_a_service_queries_its_manager() -> None:
    found = desktop_environment({"VOICEMATE_SERVICE": "systemd", "HOME": "/root"}, lambda: SYSTEMD)
    assert found["DISPLAY"] == ":1"
    assert found["XAUTHORITY"] == "/run/user/1000/gdm/Xauthority"
    assert found["HOME"] == "/root"
    assert "PATH" not in found


def test_other_programs_query_nothing() -> None:
    assert desktop_environment({"HOME": "/root"}, lambda: SYSTEMD) == {"HOME": "/root"}


def test_a_manager_without_desktop_variables_changes_nothing() -> None:
    assert desktop_environment({"VOICEMATE_SERVICE": "systemd"}, lambda: "") == {"VOICEMATE_SERVICE": "systemd"}
