"""Runs commands in a network namespace whose only interface, loopback, is down."""

import functools
import subprocess

import pytest


def without_network() -> tuple[str, ...]:
    """Return a command prefix that takes the network away; skip the test where that is forbidden."""
    prefix, reason = _allowed()
    if not prefix:
        pytest.skip(f"no network namespaces here: {reason}")
    return prefix


@functools.cache
def _allowed() -> tuple[tuple[str, ...], str]:
    """Return the prefix, or why there is none. Other users than root also need a user namespace."""
    reason = ""
    for prefix in (("unshare", "--net"), ("unshare", "--map-root-user", "--net")):
        try:
            subprocess.run([*prefix, "true"], capture_output=True, text=True, timeout=10, check=True)
        except FileNotFoundError:
            return (), "unshare (util-linux) is not installed"
        except subprocess.CalledProcessError as error:
            reason = error.stderr.strip()
        else:
            return prefix, ""
    return (), reason
