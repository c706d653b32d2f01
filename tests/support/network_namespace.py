"""A network namespace with nothing in it but a loopback that is down: no program in it reaches anything."""

import functools
import subprocess

import pytest


def without_network() -> tuple[str, ...]:
    """What to write before a command so that it runs without any network; skips the test where that is forbidden."""
    prefix, wrong = _allowed()
    if not prefix:
        pytest.skip(f"no network namespaces here: {wrong}")
    return prefix


@functools.cache
def _allowed() -> tuple[tuple[str, ...], str]:
    """As root a network namespace will do; others need a user namespace around it, which some systems forbid."""
    wrong = ""
    for prefix in (("unshare", "--net"), ("unshare", "--map-root-user", "--net")):
        try:
            subprocess.run([*prefix, "true"], capture_output=True, text=True, timeout=10, check=True)
        except FileNotFoundError:
            return (), "unshare (util-linux) is not installed"
        except subprocess.CalledProcessError as error:
            wrong = error.stderr.strip()
        else:
            return prefix, ""
    return (), wrong
