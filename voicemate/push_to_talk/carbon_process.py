"""The chord under macOS: starts the helper process that listens for it, and passes on its reports."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import voicemate
from voicemate.config.hotkey_chord import Chord
from voicemate.core.errors import HotkeyError, NoHotkeyError
from voicemate.push_to_talk.carbon import ALREADY_REGISTERED, INVALID
from voicemate.push_to_talk.carbon_keymap import carbon_chord
from voicemate.push_to_talk.chord_listener import ChordEvent, ChordEventCallback, ChordRegistered, ListenerFailed
from voicemate.push_to_talk.key_edges import KeyEdges

_STOP_TIMEOUT_S = 1.0
_CHOOSE_ANOTHER = "Choose another one, such as `voicemate config set push_to_talk.chord ctrl+shift+f9`"


class CarbonChordListener:
    """A ``ChordListener``.

    Args:
        on_chord_event: called in the listener's thread.
        extra_arguments: of the helper process; see there.
    """

    def __init__(self, chord: Chord, on_chord_event: ChordEventCallback, extra_arguments: Sequence[str] = ()):
        self._chord = chord
        self._on_chord_event = on_chord_event
        self._extra_arguments = tuple(extra_arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="hotkey", daemon=True)

    def start(self) -> None:
        """See ``ChordListener``."""
        self._thread.start()

    def stop(self) -> None:
        """See ``ChordListener``."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process:
            process.kill()
        self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            code, modifiers = carbon_chord(self._chord)
            process = self._start_process(str(code), str(modifiers))
        except HotkeyError as error:
            self._emit(ListenerFailed(error))
            return
        if process is None:
            return
        error = self._read_process(process)
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        self._emit(ListenerFailed(error))

    def _start_process(self, *arguments: str) -> "subprocess.Popen[bytes] | None":
        """The helper process; None if this was stopped in the meantime."""
        command = [
            sys.executable,
            "-P",
            "-m",
            "voicemate.push_to_talk.carbon_worker",
            *arguments,
            *self._extra_arguments,
        ]
        found = str(Path(voicemate.__file__).parents[1])
        paths = os.pathsep.join(filter(None, (found, os.environ.get("PYTHONPATH"))))
        with self._lock:
            if self._stopped:
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
                raise HotkeyError(
                    f"The helper process of the hotkey cannot be started: {error}", transient=True
                ) from None
            return self._process

    def _read_process(self, process: "subprocess.Popen[bytes]") -> HotkeyError:
        """Pass on what the helper process writes until it ends; returns why it ended."""
        edges = KeyEdges()
        error = HotkeyError("The helper process of the hotkey has ended", "It is started again", transient=True)
        assert process.stdout
        for line in process.stdout:
            word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            match word:
                case "ready":
                    self._emit(ChordRegistered())
                case "down":
                    self._emit(*edges.on_press(0))
                case "up":
                    self._emit(*edges.on_release(0), *edges.flush())
                case "refused":
                    error = self._registration_error(rest)
                case "missing":
                    error = NoHotkeyError(f"The push-to-talk key cannot be watched on this Mac: {rest}", _INSTALL)
                case _:
                    pass
        self._emit(*edges.close())
        return error

    def _registration_error(self, status: str) -> HotkeyError:
        if status == str(ALREADY_REGISTERED):
            return HotkeyError(
                f"Another program has the key {self._chord} already", f"{_CHOOSE_ANOTHER}, or free it there"
            )
        if status == str(INVALID):
            return HotkeyError(
                f"macOS does not allow the key {self._chord}", f"{_CHOOSE_ANOTHER}, with ctrl or cmd in it"
            )
        return HotkeyError(f"macOS refuses the key {self._chord} (code {status})", _CHOOSE_ANOTHER)

    def _emit(self, *events: ChordEvent) -> None:
        for event in events:
            if not self._stopped:
                self._on_chord_event(event)


_INSTALL = "Install voicemate's Python packages anew: pyobjc is needed for it"
