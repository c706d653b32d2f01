"""A private systemd user manager in its own namespaces, which starts real units.

It needs root (for a private /run and control group) and systemd's programs, but not a machine that runs systemd.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

_MANAGER = "/lib/systemd/systemd"
_GROUPS = [Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]
_BOOT = f"""
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR" && chmod 700 "$XDG_RUNTIME_DIR" || exit
for group in $GROUPS; do echo $$ > "$group/cgroup.procs" || exit; done
exec {_MANAGER} --user --log-target=null
"""


def available() -> bool:
    """Return whether the programs and the permissions are there."""
    return (
        os.geteuid() == 0
        and os.path.exists(_MANAGER)
        and all(shutil.which(program) for program in ("systemctl", "unshare", "nsenter"))
        and bool(_writable_groups())
    )


def _writable_groups() -> list[Path]:
    return [group for group in _GROUPS if os.access(group / "cgroup.procs", os.W_OK)]


class UserManager:
    """``systemd --user`` with its own home. A context manager; everything that it started ends with it.

    Attributes:
        home: its HOME.
    """

    def __enter__(self) -> "UserManager":
        self._ending = contextlib.ExitStack()
        self.home = Path(self._ending.enter_context(tempfile.TemporaryDirectory(prefix="home-")))
        groups = [group / f"voicemate-test-{os.getpid()}" for group in _writable_groups()]
        for group in groups:
            group.mkdir()
            self._ending.callback(_remove_group, group)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": "/run/user/test",
            "NO_COLOR": "1",
        }
        # A process that is pid 1 of its namespace takes all others with it; systemd itself must not be that one.
        inner = ("sh", "-c", 'sh -c "$BOOT" & wait')
        command = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", *inner)
        environment = {**self._environment, "BOOT": _BOOT, "GROUPS": " ".join(map(str, groups))}
        self._unshare = subprocess.Popen(command, env=environment)
        self._ending.callback(self._end)
        deadline = time.monotonic() + 30
        while self.run("systemctl", "--user", "is-system-running", "--wait").stdout.strip() != "running":
            assert time.monotonic() < deadline, "the user manager does not start"
            time.sleep(0.05)
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.close()

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in the manager's namespaces."""
        inside = next(iter(psutil.Process(self._unshare.pid).children()), None)
        if inside is None:
            return subprocess.CompletedProcess(words, 1, "", "")
        command = ("nsenter", f"--target={inside.pid}", "--mount", "--pid", f"--wd={self.home}", "--", *words)
        environment = {**self._environment, **(environment or {})}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    def _end(self) -> None:
        self._unshare.kill()  # it ignores SIGTERM
        self._unshare.wait(30)


def _remove_group(group: Path) -> None:
    """Remove a control group, innermost first; it is busy until its last process is reaped."""
    deadline = time.monotonic() + 10
    while group.exists() and time.monotonic() < deadline:
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        time.sleep(0.05)
