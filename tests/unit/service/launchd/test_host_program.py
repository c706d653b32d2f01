"""Voicemate.app's C host, compiled and run: the same source as on a Mac, with this machine's Python inside it."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from voicemate.core.paths import shipped_path
from voicemate.service.interpreter import Interpreter, find_library
from voicemate.service.launchd.app_host import AppHost

LIBRARY = find_library(sysconfig.get_config_vars(), sys.base_prefix)
CONF = (
    "Library/Application Support/voicemate/host.conf"
    if sys.platform == "darwin"
    else (".local/share/voicemate/host.conf")
)
pytestmark = [
    pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler"),
    pytest.mark.skipif(not LIBRARY, reason="this Python has no shared library"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    executable = tmp_path_factory.mktemp("host") / "Voicemate"
    warnings = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
    subprocess.run(("cc", *warnings, "-o", executable, shipped_path("launchd") / "host.c"), check=True)
    return executable


@dataclass
class Host:
    program: Path
    home: Path

    def configure(self, *lines: str, mode: int = 0o600) -> None:
        conf = self.home / CONF
        conf.parent.mkdir(parents=True, exist_ok=True)
        conf.write_text("\n".join(("# a comment", *lines, "")), encoding="utf-8")
        conf.chmod(mode)

    def environment(self, **more: str) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": "/usr/bin:/bin", **more}

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (str(self.program), *words),
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture
def host(program: Path, tmp_path: Path) -> Host:
    host = Host(program, tmp_path)
    host.configure(f"library={LIBRARY}", f"python={sys.executable}", "argument=-I")
    return host


def test_python_runs_in_the_hosts_process_and_environment(host: Host) -> None:
    code = (
        "import os, sys, voicemate; print(os.getpid(), os.path.realpath(f'/proc/{os.getpid()}/exe'), sys.executable, "
        "sys.prefix, sys.argv[1:], sep='\\n')"
    )
    process = subprocess.Popen(
        (host.program, "-c", code, "a b", "ü", "-psn_0_12345"),
        env=host.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    pid, image, executable, prefix, arguments = process.communicate(timeout=60)[0].splitlines()
    assert int(pid) == process.pid
    assert sys.platform == "darwin" or Path(image) == host.program
    assert (executable, prefix) == (sys.executable, sys.prefix)
    assert arguments == "['a b', 'ü']"


def test_the_exit_code_is_pythons(host: Host) -> None:
    assert host.run("-c", "raise SystemExit(3)").returncode == 3


def test_sigterm_reaches_python(host: Host) -> None:
    code = (
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(21))\n"
        "print('ready', flush=True)\nsignal.pause()"
    )
    process = subprocess.Popen((host.program, "-c", code), env=host.environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 21
    process.stdout.close()


def test_without_arguments_it_uses_the_defaults(host: Host) -> None:
    host.configure(
        f"library={LIBRARY}",
        f"python={sys.executable}",
        "default=-c",
        "default=import sys; print('by default', sys.argv)",
    )
    assert host.run().stdout == "by default ['-c']\n"
    assert host.run("-psn_0_12345").stdout == "by default ['-c']\n"
    assert host.run("-c", "print('given')").stdout == "given\n"


def test_the_configured_environment_is_set_and_python_variables_are_dropped(host: Host) -> None:
    host.configure(
        f"library={LIBRARY}", f"python={sys.executable}", "environment=PLACE=a=b ü", "unknown=x", "no equals"
    )
    code = "import os, sys; print(os.environ['PLACE'], 'PYTHONHOME' in os.environ, sys.prefix)"
    answer = host.run("-c", code, PYTHONHOME="/nowhere", PYTHONPATH="/nowhere", __PYVENV_LAUNCHER__="/nowhere")
    assert answer.stdout == f"a=b ü False {sys.prefix}\n", answer.stderr


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ((f"library={LIBRARY}", "python=/nowhere/.venv/bin/python"), "has moved or is gone"),
        (("library=/nowhere/libpython3.12.dylib", f"python={sys.executable}"), "cannot load Python from /nowhere"),
        (("library=libc.so.6", f"python={sys.executable}"), "no library of Python"),
        ((f"python={sys.executable}",), "no library or no python"),
        ((), "no library or no python"),
    ],
)
def test_a_failure_is_one_sentence_with_a_hint(host: Host, lines: tuple[str, ...], sentence: str) -> None:
    if "libc.so.6" in "".join(lines) and sys.platform == "darwin":
        lines = ("library=/usr/lib/libSystem.B.dylib", *lines[1:])
    host.configure(*lines)
    answer = host.run("run")
    assert answer.returncode == 78
    assert sentence in answer.stderr
    assert "voicemate service install" in answer.stderr
    assert answer.stderr.count("\n") == 1
    # launchd would restart it for ever
    assert host.run("run", VOICEMATE_SERVICE="launchd").returncode == 0


def test_a_missing_configuration_is_named(host: Host) -> None:
    (host.home / CONF).unlink()
    answer = host.run("run")
    assert answer.returncode == 78
    assert str(host.home / CONF) in answer.stderr


def test_a_configuration_writable_by_others_is_refused(host: Host) -> None:
    host.configure(f"library={LIBRARY}", f"python={sys.executable}", mode=0o666)
    answer = host.run("-c", "print('hello')")
    assert (answer.returncode, answer.stdout) == (78, "")
    assert "other accounts can write it" in answer.stderr


def test_only_launchds_log_is_truncated_and_only_when_large(host: Host, tmp_path: Path) -> None:
    log = tmp_path / "launchd.log"
    for service, before, after in (("launchd", 1_100_000, 4), ("launchd", 10, 14), ("", 1_100_000, 1_100_004)):
        log.write_bytes(b"x" * before)
        with log.open("ab") as stream:
            environment = host.environment(**({"VOICEMATE_SERVICE": service} if service else {}))
            command = (host.program, "-c", "import sys; sys.stderr.write('end\\n')")
            subprocess.run(command, env=environment, stderr=stream, check=True, timeout=60)
        assert log.stat().st_size == after


@pytest.mark.skipif(sys.platform == "darwin", reason="would run a voicemate that is installed")
def test_without_home_it_uses_the_accounts_home(program: Path) -> None:
    answer = subprocess.run((program, "run"), env={"HOME": "relative"}, capture_output=True, text=True, timeout=60)
    assert f"{pwd.getpwuid(os.getuid()).pw_dir}/{CONF}" in answer.stderr


def test_voicemate_runs_from_its_own_configuration(host: Host, tmp_path: Path) -> None:
    place = tmp_path / "a place=ü"
    (place / "config").mkdir(parents=True)
    (place / "config" / "settings.toml").write_text("persona = 3\n")
    interpreter = Interpreter(sys.executable, "3", LIBRARY, {"VOICEMATE_HOME": str(place)}, "1")
    (host.home / CONF).write_bytes(AppHost(tmp_path).render_conf(interpreter).data)
    answer = host.run("ask", "hello", "--silent")
    assert answer.returncode == 3
    assert str(place) in answer.stderr
