"""Where things are kept: the platform's own places, and what ships with the program.

``VOICEMATE_HOME`` puts everything (settings, models, history) below one folder instead, for tests and for
people who want it so.
"""

import os
import sys
from pathlib import Path

from platformdirs import PlatformDirs

_DIRS = PlatformDirs("voicemate", appauthor=False)


def _home(name: str, platform_default: str) -> Path:
    home = os.environ.get("VOICEMATE_HOME")
    return Path(home).expanduser() / name if home else Path(platform_default)


def config_folder() -> Path:
    """Settings and the person's own personas."""
    return _home("config", _DIRS.user_config_dir)


def data_folder() -> Path:
    """The history: private, 0700."""
    return _home("data", _DIRS.user_data_dir)


def state_folder() -> Path:
    """Logs and traces: private, 0700."""
    return _home("state", _DIRS.user_state_dir)


def runtime_folder() -> Path:
    """What lives only as long as the programs that use it, the control socket and locks: private, 0700.

    It is on a file system of its own where the platform has one for that, so that neither a full disk nor a home
    that cannot be written keeps voicemate from running. On Linux that takes a session that has such a place.
    """
    sessions_own = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    if sys.platform == "linux" and not Path(sessions_own).is_dir():
        return _home("run", f"{_DIRS.user_state_dir}/run")
    return _home("run", _DIRS.user_runtime_dir)


def models_folder() -> Path:
    """Downloaded weights. ``VOICEMATE_MODELS`` overrides it; in a checkout it is ``models/``."""
    override = os.environ.get("VOICEMATE_MODELS")
    if override:
        return Path(override).expanduser()
    if os.environ.get("VOICEMATE_HOME"):
        return _home("models", "")
    checkout = _checkout_folder()
    return checkout / "models" if checkout else Path(_DIRS.user_data_dir) / "models"


def shipped_path(name: str) -> Path:
    """A file or folder that ships with the program, such as ``personas`` or ``models/catalog.toml``.

    An installed package carries them in ``voicemate/shipped``; a checkout keeps them at its top.
    """
    packaged = Path(__file__).parents[1] / "shipped" / name
    checkout = _checkout_folder()
    return checkout / name if checkout and not packaged.exists() else packaged


def make_private_folder(path: Path) -> Path:
    """Make ``path`` (and its parents) with mode 0700 and return it."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def _checkout_folder() -> Path | None:
    top = Path(__file__).resolve().parents[2]
    return top if (top / "pyproject.toml").is_file() and (top / "models" / "catalog.toml").is_file() else None
