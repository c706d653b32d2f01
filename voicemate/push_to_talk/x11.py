"""The chord under X11. The server reports this one chord (``XGrabKey``) and no other key.

A thread owns the connection and sleeps until the server says something. Another program that has the chord already is
told at once (``BadAccess``). The library is xcffib, which speaks to libxcb: when a server goes away that is an error
here, and not the end of the process.
"""

import contextlib
import os
import select
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from voicemate.config.hotkey_chord import Chord
from voicemate.core.errors import HotkeyError, NoHotkeyError
from voicemate.push_to_talk.chord_listener import ChordEventCallback, ChordRegistered, ListenerFailed
from voicemate.push_to_talk.key_edges import KeyEdges
from voicemate.push_to_talk.x11_keymap import X11Chord, X11Keyboard, x11_chord

POLL_S = 0.25
"""How often the real key is polled while the chord is held: a lost release ends the turn that soon."""

_CORE_KEYBOARD = 0x100  # XkbUseCoreKbd
_DETECTABLE_REPEAT = 1  # XkbPCF_DetectableAutoRepeatMask
_NEW_KEYBOARD, _NEW_MAP, _ALL = 1, 2, 0xFF  # XkbNewKeyboardNotifyMask, XkbMapNotifyMask
_STOP_TIMEOUT_S = 2.0


class X11ChordListener:
    """A ``ChordListener``.

    Args:
        on_chord_event: called in the listener's thread.
        display: of the X server; the environment's by default.
        authority: the file that lets this account in; the environment's or the usual one by default.
    """

    def __init__(
        self,
        chord: Chord,
        on_chord_event: ChordEventCallback,
        display: str | None = None,
        authority: str | None = None,
    ):
        self._chord = chord
        self._on_chord_event = on_chord_event
        self._display = display
        self._authority = authority
        self._stop_reader, self._stop_writer = os.pipe()
        self._thread = threading.Thread(target=self._run, name="hotkey", daemon=True)
        self._stopping = False

    def start(self) -> None:
        """See ``ChordListener``."""
        self._thread.start()

    def stop(self) -> None:
        """See ``ChordListener``."""
        if not self._stopping:
            self._stopping = True
            os.close(self._stop_writer)
            self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            if self._authority:
                os.environ["XAUTHORITY"] = self._authority  # libxcb looks nowhere else
            with _connected(self._display) as server:
                grab = _Grab(server, self._chord)
                self._emit(ChordRegistered())
                try:
                    self._serve(server, grab)
                finally:
                    for edge in grab.edges.close():
                        self._emit(edge)
                grab.release()
        except HotkeyError as error:
            self._emit(ListenerFailed(error))
        finally:
            os.close(self._stop_reader)

    def _serve(self, server: "_Server", grab: "_Grab") -> None:
        """Pass on what the server says, until ``stop``.

        Raises:
            HotkeyError: the server is gone, or a new keyboard has no such key.
        """
        while True:
            # What is asked meanwhile brings events along with its answer, which the descriptor no longer tells of.
            while events := list(server.events()):
                for edge in grab.handle(events):
                    self._emit(edge)
            ready, _, _ = select.select(
                [server.descriptor, self._stop_reader], [], [], POLL_S if grab.edges.is_down else None
            )
            if self._stop_reader in ready:
                return
            if not ready:
                for edge in grab.poll_key():
                    self._emit(edge)

    def _emit(self, report: Any) -> None:
        if not self._stopping:
            self._on_chord_event(report)


class _Server:
    """A connection to an X server. Every call may raise ``HotkeyError`` when it is gone."""

    def __init__(self, library: Any, connection: Any):
        self.library = library
        self._connection = connection
        self.core = connection.core
        setup = connection.get_setup()
        self._codes = setup.min_keycode, setup.max_keycode
        self.root = setup.roots[connection.pref_screen].root
        self.descriptor = connection.get_file_descriptor()

    def events(self) -> Iterator[Any]:
        """What the server has said since."""
        while (event := self._connection.poll_for_event()) is not None:
            yield event
        if self._connection.has_error():
            raise _connection_lost()

    def set_up_keyboard(self) -> None:
        """Have a key that is held repeat its press only (XKB's detectable auto-repeat), and changes be told.

        A server without XKB tells changes all the same, and repeats with releases, which ``Edges`` knows.
        """
        with contextlib.suppress(self.library.ProtocolException):
            keyboard = self._connection(self.library.xkb.key)
            keyboard.UseExtension(1, 0).reply()
            keyboard.PerClientFlags(_CORE_KEYBOARD, _DETECTABLE_REPEAT, _DETECTABLE_REPEAT, 0, 0, 0).reply()
            keyboard.SelectEventsChecked(
                _CORE_KEYBOARD, _NEW_KEYBOARD | _NEW_MAP, 0, _NEW_KEYBOARD | _NEW_MAP, _ALL, _ALL, []
            ).check()

    def keyboard(self) -> X11Keyboard:
        first, last = self._codes
        mapping = self.core.GetKeyboardMapping(first, last - first + 1).reply()
        modifiers = self.core.GetModifierMapping().reply()
        return X11Keyboard(
            first,
            _rows(list(mapping.keysyms), mapping.keysyms_per_keycode),
            _rows(list(modifiers.keycodes), modifiers.keycodes_per_modifier),
        )

    def is_down(self, code: int) -> bool:
        keys = list(self.core.QueryKeymap().reply().keys)
        return bool(keys[code // 8] & 1 << code % 8)


class _Grab:
    """The chord, ours.

    Raises:
        HotkeyError: another program has it, or the keyboard has no such key.
    """

    def __init__(self, server: _Server, chord: Chord):
        self.edges = KeyEdges()
        self._server = server
        self._chord = chord
        self._keyboard_changed = False
        server.set_up_keyboard()
        self._keys = x11_chord(chord, server.keyboard())
        self._grab()

    def handle(self, events: Iterable[Any]) -> Iterator[Any]:
        """The reports that the server's events come to."""
        xproto, xkb = self._server.library.xproto, self._server.library.xkb
        for event in events:
            match event:
                case xproto.KeyPressEvent() if event.detail == self._keys.code:
                    yield from self.edges.on_press(event.time)
                case xproto.KeyReleaseEvent() if event.detail == self._keys.code:
                    yield from self.edges.on_release(event.time)
                # All events of XKB share a number; those that were asked for tell of another keyboard or layout.
                case xproto.MappingNotifyEvent() | xkb.NewKeyboardNotifyEvent():
                    self._keyboard_changed = True
        yield from self.edges.flush()
        if self.edges.is_down:
            yield from self.poll_key()
        elif self._keyboard_changed:
            self._keyboard_changed = False
            self._regrab()

    def poll_key(self) -> list[Any]:
        """What the real key has to say."""
        return self.edges.on_poll(self._server.is_down(self._keys.code))

    def release(self) -> None:
        """The chord is anybody's again when this returns."""
        self._server.core.UngrabKeyChecked(self._keys.code, self._server.root, _ANY_MODIFIER).check()

    def _regrab(self) -> None:
        """Another layout: the chord may be another key now. Never while it is held, or its release would be lost."""
        keys = x11_chord(self._chord, self._server.keyboard())
        if keys != self._keys:
            self.release()
            self._keys = keys
            self._grab()

    def _grab(self) -> None:
        library, core, keys = self._server.library, self._server.core, self._keys
        asked = [_request_grab(library, core, self._server.root, keys, mask) for mask in keys.masks]
        try:
            for request in asked:
                request.check()
        except library.xproto.AccessError:
            raise HotkeyError(
                f"Another program has the key {self._chord} already",
                "Choose another one, such as `voicemate config set push_to_talk.chord ctrl+shift+f9`, "
                "or free it there",
            ) from None


_ANY_MODIFIER = 1 << 15


def _request_grab(library: Any, core: Any, root: int, keys: X11Chord, mask: int) -> Any:
    mode = library.xproto.GrabMode.Async
    return core.GrabKeyChecked(False, root, mask, keys.code, mode, mode)


def _rows(values: list[int], width: int) -> list[list[int]]:
    return [values[place : place + width] for place in range(0, len(values), width)]


@contextlib.contextmanager
def _connected(display: str | None) -> Iterator[_Server]:
    """A connection for as long as the body runs.

    Raises:
        HotkeyError: the library or the server is missing, or the server goes away.
    """
    try:
        import xcffib  # type: ignore[import-not-found]
        import xcffib.xkb  # type: ignore[import-not-found]
        import xcffib.xproto  # type: ignore[import-not-found]
    except ImportError:
        raise NoHotkeyError(
            "The push-to-talk key needs the Python package xcffib",
            "Install it with `pip install 'voicemate[hotkey]'`",
        ) from None
    except OSError:  # the package is there, and libxcb is not
        raise NoHotkeyError(
            "The push-to-talk key needs the system library libxcb",
            "Install it, on Debian with `sudo apt install libxcb1`",
        ) from None
    try:
        connection = xcffib.connect(display)
    except xcffib.ConnectionException:
        name = display or os.environ.get("DISPLAY", "")
        raise HotkeyError(
            f"The X server {name} cannot be reached",
            "Start voicemate from within the desktop session",
            transient=True,
        ) from None
    try:
        yield _Server(xcffib, connection)
    except (xcffib.ConnectionException, OSError):
        raise _connection_lost() from None
    finally:
        with contextlib.suppress(xcffib.XcffibException):
            connection.disconnect()


def _connection_lost() -> HotkeyError:
    return HotkeyError("The X server has gone, and the push-to-talk key with it", "", transient=True)
