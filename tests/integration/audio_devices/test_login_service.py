"""The service under a real systemd, with real models and real sound devices, inside its sandbox."""

import json
import os
import signal
import sys
import sysconfig
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import systemd
from voicemate.core.paths import models_folder
from voicemate.testing.pulseaudio_room import PulseAudioRoom

pytestmark = [
    pytest.mark.audio_devices,
    pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's"),
    pytest.mark.skipif(not systemd.available(), reason="needs root and systemd's programs for a user manager"),
]

NASTY = "a %h $HOME ü; ="


@pytest.fixture
def manager() -> Iterator[systemd.UserManager]:
    with systemd.UserManager() as manager:
        yield manager


class Account:
    """Somebody with voicemate in a virtual environment in a folder that is hard to quote."""

    def __init__(self, manager: systemd.UserManager, room: PulseAudioRoom):
        self.manager = manager
        self.venv = manager.home / NASTY / "venv"
        venv.create(self.venv, symlinks=True, with_pip=False)
        ours = [sysconfig.get_path("purelib"), str(Path(__file__).parents[3])]
        packages = sysconfig.get_path("purelib", vars={"base": str(self.venv)})
        (Path(packages) / "ours.pth").write_text("\n".join(ours))
        place, models = str(manager.home / NASTY / "place"), str(models_folder())
        self.environment = {"VOICEMATE_HOME": place, "VOICEMATE_MODELS": models, **room.environment}
        sound = [f"{name}={value}" for name, value in room.environment.items()]
        assert manager.run("systemctl", "--user", "set-environment", *sound).returncode == 0

    def voicemate(self, *words: str) -> tuple[int, str, str]:
        command = (str(self.venv / "bin" / "python"), "-I", "-m", "voicemate", *words)
        done = self.manager.run(*command, environment=self.environment)
        return done.returncode, done.stdout, done.stderr

    def service(self) -> dict[str, object]:
        return json.loads(self.voicemate("service", "status", "--json")[1])

    def listens(self) -> bool:
        code, out, _ = self.voicemate("status", "--json")
        return code == 0 and json.loads(out)["state"] == "listening"


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, f"waited a minute in vain: {what}"
        time.sleep(0.2)


def test_a_service_is_installed_listens_comes_back_after_a_kill_and_goes_without_a_trace(
    manager: systemd.UserManager, pulse_room: PulseAudioRoom
) -> None:
    account = Account(manager, pulse_room)
    code, _, said = account.voicemate("service", "install")
    assert code == 0, said
    until(account.listens, "the service listens, in its sandbox")

    def process() -> int:
        return int(manager.run("systemctl", "--user", "show", "voicemate", "--property=MainPID", "--value").stdout)

    first = process()
    flags = manager.run("cat", f"/proc/{first}/status").stdout
    assert "Seccomp:\t2" in flags
    assert "NoNewPrivs:\t1" in flags

    assert manager.run("kill", f"-{signal.SIGKILL.value}", str(first)).returncode == 0
    until(lambda: process() not in (0, first), "systemd starts it again")
    until(account.listens, "it listens again")
    status = account.service()
    assert status["installed"]
    assert status["problems"] == []

    os.rename(account.venv, account.venv.with_name("elsewhere"))
    account.venv = account.venv.with_name("elsewhere")
    code, out, _ = account.voicemate("service", "status", "--json")
    assert code == 15
    assert "moved or is gone" in json.loads(out)["problems"][0]["message"]
    assert account.voicemate("service", "install")[0] == 0
    assert account.service()["problems"] == []

    assert account.voicemate("service", "uninstall")[0] == 0
    assert process() == 0
    assert not list((manager.home / ".config" / "systemd").rglob("voicemate*"))
    assert account.voicemate("service", "status")[0] == 15
