"""Keeps ALSA from writing to the terminal, and from loading what no conversation needs.

libasound prints whatever it does not like, an underrun in the middle of a conversation for one, from its own
threads. Programs may take its messages over; nobody reads them here, since PortAudio reports what matters.

PortAudio opens everything that ALSA's configuration names, to see what it can do. Among the usual plugins is an
encoder for surround sound, and with it come libavcodec and all of its codecs: 14 MB and twenty libraries in a process
that lives from login to logout (``docs/explanation/audio.md``).
"""

import ctypes
import os
import sys
from pathlib import Path

_Handler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)  # file, line, function, error, format; what the format asks for is left where it is

_SYSTEM = Path("/usr/share/alsa/alsa.conf")
_HERE = Path(__file__).parent

_handler = _Handler(lambda *_: None)  # referenced for as long as ALSA may call it


def silence_messages() -> None:
    """Drop ALSA's messages from now on. Does nothing where there is no ALSA."""
    if alsa := _library():
        alsa.snd_lib_error_set_handler(_handler)


def skip_encoder_plugins() -> None:
    """Have ALSA take the surround encoder for a card that is not there; from before PortAudio starts on.

    Does nothing where somebody has given ALSA another configuration, where the system's own is not in its usual
    place, or where ALSA cannot read ours.
    """
    alsa, ours = _library(), _HERE / "alsa.conf"
    if alsa is None or "ALSA_CONFIG_PATH" in os.environ or not _SYSTEM.is_file() or ":" in str(ours):
        return
    silence_messages()  # what it dislikes of ours is no news to anybody
    os.environ["VOICEMATE_ALSA"] = str(_HERE / "alsa_overrides.conf")
    os.environ["ALSA_CONFIG_PATH"] = f"{_SYSTEM}:{ours}"
    if alsa.snd_config_update() < 0:
        del os.environ["ALSA_CONFIG_PATH"]


def _library() -> ctypes.CDLL | None:
    """None where there is no ALSA."""
    if sys.platform != "linux":
        return None
    try:
        return ctypes.CDLL("libasound.so.2")
    except OSError:
        return None
