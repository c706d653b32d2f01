"""The LaunchAgent: launchd/dev.voicemate.agent.plist with this account's paths."""

import plistlib
from pathlib import Path
from typing import Any, cast

from voicemate.core.paths import shipped_path
from voicemate.service.launchd.launchctl import LABEL


def definition_path(home: Path) -> Path:
    """Return where launchd looks for the agent of an account."""
    return home / "Library" / "LaunchAgents" / f"{LABEL}.plist"


def render(host: Path, log: Path) -> bytes:
    """Return the plist.

    Args:
        host: the main executable of Voicemate.app.
        log: where launchd writes the output of the service.
    """
    template = plistlib.loads((shipped_path("launchd") / f"{LABEL}.plist").read_bytes())
    return plistlib.dumps(_filled(template, {"@HOST@": str(host), "@LOG@": str(log)}), sort_keys=False)


def _filled(value: Any, paths: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, paths) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_filled(item, paths) for item in cast(list[Any], value)]
    return paths.get(value, value) if isinstance(value, str) else value
