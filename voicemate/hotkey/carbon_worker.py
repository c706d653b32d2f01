"""The helper process that watches the key on macOS.

``python -m voicemate.hotkey.carbon_worker CODE MODIFIERS [MODULE]``, started by ``carbon_watch.py``. A process of its
own, because Carbon wants the main thread and an event loop on it, which in the daemon belong to the conversation. It
writes a line for everything that happens: ``ready``, ``down``, ``up``, or ``refused STATUS`` and ``missing WHY``
before it ends. It ends at once when its stdin closes: no helper outlives its parent.

MODULE is one to take ``mac()`` from instead of macOS's own.
"""

import importlib
import os
import signal
import sys
import threading
import time

from voicemate.hotkey.carbon import CarbonHotkey, Mac, Refused, ThisMac
from voicemate.hotkey.edges import Edges
from voicemate.hotkey.reports import Down, Up

LOOK_S = 0.25
"""How often the real key is looked at while the chord is held."""


class Teller:
    """Turns what Carbon says and the real key shows into lines. Called on the main thread and on its own."""

    def __init__(self, mac: Mac, code: int):
        self._mac = mac
        self._code = code
        self._edges = Edges()
        self._turn = threading.Lock()
        self._held = threading.Event()
        threading.Thread(target=self._look_after, name="key", daemon=True).start()

    def changed(self, down: bool) -> None:
        """Carbon says that the chord was pressed, or that its key came up."""
        now = round(time.monotonic() * 1000)
        with self._turn:
            if down:
                self._tell([*self._edges.pressed(now), *self._edges.seen(self._mac.key_is_down(self._code))])
            else:
                self._tell([*self._edges.released(now), *self._edges.settled()])

    def _look_after(self) -> None:
        """While the chord is held, see whether it really is."""
        while True:
            self._held.wait()
            time.sleep(LOOK_S)
            down = self._mac.key_is_down(self._code)
            with self._turn:
                self._tell(self._edges.seen(down))

    def _tell(self, edges: list[Down | Up]) -> None:
        for edge in edges:
            say("down" if isinstance(edge, Down) else "up")
        if self._edges.held:
            self._held.set()
        else:
            self._held.clear()


def say(line: str) -> None:
    try:
        os.write(1, f"{line}\n".encode())
    except OSError:  # nobody listens any more
        os._exit(0)


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def main(words: list[str]) -> None:
    code, modifiers = int(words[0]), int(words[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        mac = importlib.import_module(words[2]).mac() if len(words) > 2 else ThisMac()
        hotkey = CarbonHotkey(mac, code, modifiers, Teller(mac, code).changed)
    except Refused as refused:
        say(f"refused {refused.status}")
        return
    except (OSError, AttributeError) as error:
        say(f"missing {error}")
        return
    say("ready")
    try:
        mac.run()
    except ImportError as error:
        say(f"missing {error}")
    del hotkey  # it lived until here: Carbon calls into it


if __name__ == "__main__":
    main(sys.argv[1:])
