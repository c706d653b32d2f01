"""A Mac that behaves as badly as the real one: Carbon's hotkeys behind the functions that ctypes would give.

It is also what ``carbon_worker`` runs on in the tests (``mac()``): then it reads what happens to the keyboard from
the file named by ``FAKE_MAC``.
"""

import ctypes
import os
import time
from pathlib import Path
from typing import Any

from voicemate.push_to_talk.carbon import (
    DIRECT_OBJECT,
    HOTKEY_ID,
    NO_ERROR,
    NUMBER,
    PRESSED,
    RELEASED,
    SIGNATURE,
    HotkeyId,
)

_NOT_FOUND = -9870  # eventParameterNotFoundErr
_MINE, _FOREIGN, _NAMELESS = 1, 2, 3


class FakeCarbon:
    """The functions that are used of it.

    Attributes:
        status: what registering a chord comes to.
        registered: key codes and modifier bits.
    """

    def __init__(self, status: int = NO_ERROR):
        self.status = status
        self.registered: list[tuple[int, int]] = []
        self._handler: Any = None
        self._kind = PRESSED
        self._events = 0

    def GetEventDispatcherTarget(self) -> int:
        return 7

    def InstallEventHandler(self, target: int, handler: Any, count: int, kinds: Any, data: Any, out: Any) -> int:
        assert (target, count, [kind.kind for kind in kinds]) == (7, 2, [PRESSED, RELEASED])
        self._handler = handler
        return NO_ERROR

    def RegisterEventHotKey(
        self, code: int, modifiers: int, mine: HotkeyId, target: int, options: int, out: Any
    ) -> int:
        assert (mine.signature, mine.number, target, options) == (SIGNATURE, NUMBER, 7, 0)
        if self.status == NO_ERROR:
            self.registered.append((code, modifiers))
        return self.status

    def GetEventKind(self, event: int) -> int:
        return self._kind

    def GetEventParameter(
        self, event: int, name: int, kind: int, actual: Any, size: int, length: Any, out: Any
    ) -> int:
        assert (name, kind, size) == (DIRECT_OBJECT, HOTKEY_ID, 8)
        if event == _NAMELESS:
            return _NOT_FOUND
        found = ctypes.cast(out, ctypes.POINTER(HotkeyId)).contents
        found.signature = SIGNATURE if event == _MINE else SIGNATURE + 1
        found.number = NUMBER
        return NO_ERROR

    def happen(self, kind: int, whose: int = _MINE) -> int:
        """An event comes in; returns what the handler says of it."""
        self._kind = kind
        return self._handler(None, whose, None)

    def happen_to_others(self, kind: int) -> int:
        return self.happen(kind, _FOREIGN)

    def happen_without_name(self, kind: int) -> int:
        return self.happen(kind, _NAMELESS)


class FakeMac:
    """A keyboard under Carbon.

    Attributes:
        down: the real key is.
        blind: nobody may look at the real key: it always seems to be up.
    """

    def __init__(self, status: int = NO_ERROR):
        self.carbon = FakeCarbon(status)
        self.down = False
        self.key_state_hidden = False

    def key_is_down(self, code: int) -> bool:
        return self.down and not self.key_state_hidden

    def run(self) -> None:
        """Act what the file says, line by line as it grows: press, release, repeat, lose or die."""
        path, done = Path(os.environ["FAKE_MAC"]), 0
        while True:
            lines = path.read_text().splitlines()
            for line in lines[done:]:
                self._act(line)
            done = len(lines)
            time.sleep(0.005)

    def _act(self, what: str) -> None:
        match what:
            case "press" | "repeat":
                self.down = True
                self.carbon.happen(PRESSED)
            case "release":
                self.down = False
                self.carbon.happen(RELEASED)
            case "lose":
                self.down = False
            case "die":
                os._exit(1)


def mac() -> FakeMac:
    return FakeMac(int(os.environ.get("FAKE_MAC_STATUS", "0")))
