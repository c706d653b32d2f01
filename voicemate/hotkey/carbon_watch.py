"""The key under macOS: starts the helper that watches it, and passes on what that says."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import voicemate
from voicemate.errors import HotkeyError, NoHotkeyError
from voicemate.hotkey.carbon import INVALID, TAKEN
from voicemate.hotkey.carbon_keys import carbon_keys
from voicemate.hotkey.chord import Chord
from voicemate.hotkey.reports import Broken, Down, Ready, Report, Tell, Up

_END_S = 1.0
_ANOTHER = "Choose another one, such as `voicemate config set hotkey.chord ctrl+shift+f9`"


class CarbonWatch:
    """A ``Watch`` of one chord.

    Args:
        chord: what is watched.
        tell: takes reports, in a thread of this.
        extra: further words for the helper; see there.
    """

    def __init__(self, chord: Chord, tell: Tell, extra: Sequence[str] = ()):
        self._chord = chord
        self._tell = tell
        self._extra = tuple(extra)
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="hotkey", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._turn:
            self._over = True
            process = self._process
        if process:
            process.kill()
        self._thread.join(_END_S)

    def _run(self) -> None:
        try:
            code, modifiers = carbon_keys(self._chord)
            process = self._started(str(code), str(modifiers))
        except HotkeyError as error:
            self._report(Broken(error))
            return
        if process is None:
            return
        held, why = self._follow(process)
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        if held:
            self._report(Up())
        self._report(Broken(why))

    def _started(self, *words: str) -> "subprocess.Popen[bytes] | None":
        """The helper; None when this was stopped meanwhile."""
        command = [sys.executable, "-P", "-m", "voicemate.hotkey.carbon_worker", *words, *self._extra]
        found = str(Path(voicemate.__file__).parents[1])
        paths = os.pathsep.join(filter(None, (found, os.environ.get("PYTHONPATH"))))
        with self._turn:
            if self._over:
                return None
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=os.environ | {"PYTHONPATH": paths},
                    process_group=0,  # Ctrl-C at the terminal is for the parent alone
                )
            except OSError as error:
                raise HotkeyError(f"The hotkey's helper cannot be started: {error}", passing=True) from None
            return self._process

    def _follow(self, process: "subprocess.Popen[bytes]") -> tuple[bool, HotkeyError]:
        """Pass on what the helper says until it ends; returns whether the chord was held then, and why it ended."""
        held = False
        why = HotkeyError("The hotkey's helper has ended", "It is started again", passing=True)
        assert process.stdout
        for line in process.stdout:
            word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            match word:
                case "ready":
                    self._report(Ready())
                case "down":
                    held = True
                    self._report(Down())
                case "up":
                    held = False
                    self._report(Up())
                case "refused":
                    why = self._refusal(rest)
                case "missing":
                    why = NoHotkeyError(f"The push-to-talk key cannot be watched on this Mac: {rest}", _INSTALL)
        return held, why

    def _refusal(self, status: str) -> HotkeyError:
        if status == str(TAKEN):
            return HotkeyError(f"Another program has the key {self._chord} already", f"{_ANOTHER}, or free it there")
        if status == str(INVALID):
            return HotkeyError(f"macOS does not allow the key {self._chord}", f"{_ANOTHER}, with ctrl or cmd in it")
        return HotkeyError(f"macOS refuses the key {self._chord} (code {status})", _ANOTHER)

    def _report(self, report: Report) -> None:
        if not self._over:
            self._tell(report)


_INSTALL = "Install voicemate's Python packages anew: pyobjc is needed for it"
