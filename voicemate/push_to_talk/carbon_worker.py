"""The helper process that listens for the chord on macOS.

``python -m voicemate.push_to_talk.carbon_worker CODE MODIFIERS [MODULE]``, started by ``carbon_process.py``. A
process of its own, because Carbon wants the main thread and an event loop on it, which in the daemon belong to the
conversation. It writes a line for everything that happens: ``ready``, ``down``, ``up``, or ``refused STATUS`` and
``missing WHY`` before it ends. It ends at once when its stdin closes: no helper outlives its parent.

MODULE is one to take ``mac()`` from instead of macOS's own.
"""

import importlib
import os
import signal
import sys
import threading
import time

from voicemate.push_to_talk.carbon import CarbonHotkey, MacApi, RegistrationError, SystemMacApi
from voicemate.push_to_talk.chord_listener import ChordPressed, ChordReleased
from voicemate.push_to_talk.key_edges import KeyEdges

POLL_S = 0.25
"""How often the real key is polled while the chord is held."""


class KeyReporter:
    """Writes a line for each edge of the chord. Called on the main thread, and on its own that polls the key."""

    def __init__(self, mac: MacApi, code: int):
        self._mac = mac
        self._code = code
        self._edges = KeyEdges()
        self._lock = threading.Lock()
        self._held = threading.Event()
        threading.Thread(target=self._poll_key, name="key", daemon=True).start()

    def on_change(self, down: bool) -> None:
        """Carbon says that the chord was pressed, or that its key came up."""
        now = round(time.monotonic() * 1000)
        with self._lock:
            if down:
                self._report([*self._edges.on_press(now), *self._edges.on_poll(self._mac.key_is_down(self._code))])
            else:
                self._report([*self._edges.on_release(now), *self._edges.flush()])

    def _poll_key(self) -> None:
        """While the chord is held, poll the real key."""
        while True:
            self._held.wait()
            time.sleep(POLL_S)
            down = self._mac.key_is_down(self._code)
            with self._lock:
                self._report(self._edges.on_poll(down))

    def _report(self, edges: list[ChordPressed | ChordReleased]) -> None:
        for edge in edges:
            write_line("down" if isinstance(edge, ChordPressed) else "up")
        if self._edges.is_down:
            self._held.set()
        else:
            self._held.clear()


def write_line(line: str) -> None:
    """Write ``line`` to the parent, or exit if it is gone."""
    try:
        os.write(1, f"{line}\n".encode())
    except OSError:  # the parent has closed the pipe
        os._exit(0)


def _exit_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def main(arguments: list[str]) -> None:
    """Listen for the chord until the parent ends."""
    code, modifiers = int(arguments[0]), int(arguments[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, name="parent", daemon=True).start()
    try:
        mac = importlib.import_module(arguments[2]).mac() if len(arguments) > 2 else SystemMacApi()
        hotkey = CarbonHotkey(mac, code, modifiers, KeyReporter(mac, code).on_change)
    except RegistrationError as refused:
        write_line(f"refused {refused.status}")
        return
    except (OSError, AttributeError) as error:
        write_line(f"missing {error}")
        return
    write_line("ready")
    try:
        mac.run()
    except ImportError as error:
        write_line(f"missing {error}")
    del hotkey  # it lived until here: Carbon calls into it


if __name__ == "__main__":
    main(sys.argv[1:])
