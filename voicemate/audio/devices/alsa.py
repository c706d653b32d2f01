"""Keeps ALSA from writing to the terminal, and from loading what no conversation needs.

libasound prints every problem, such as an underrun in the middle of a conversation, from its own threads. A program
may replace its error handler; the replacement drops the messages, since PortAudio reports what matters.

PortAudio opens everything that ALSA's configuration names, to see what it can do. Among the usual plugins is an
encoder for surround sound, and with it come libavcodec and all of its codecs: 14 MB and twenty libraries in a process
that lives from login to logout (see docs/measurements/audio.md).
"""

import ctypes
import os
import sys
from pathlib import Path

_Handler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)  # file, line, function, error, format; the format's own arguments are not read

_SYSTEM_CONFIG = Path("/usr/share/alsa/alsa.conf")
_FOLDER = Path(__file__).parent

_handler = _Handler(lambda *_: None)  # kept for as long as ALSA may call it


def silence_messages() -> None:
    """Drop ALSA's messages from now on. Does nothing where there is no ALSA."""
    if alsa := _library():
        alsa.snd_lib_error_set_handler(_handler)


def skip_encoder_plugins() -> None:
    """Let ALSA take the surround encoder for a card that is not there. To be called before PortAudio starts.

    Does nothing where ALSA has been given another configuration, where the system's own is not in its usual place,
    or where ALSA cannot read ours.
    """
    alsa, config = _library(), _FOLDER / "alsa.conf"
    if alsa is None or "ALSA_CONFIG_PATH" in os.environ or not _SYSTEM_CONFIG.is_file() or ":" in str(config):
        return
    silence_messages()  # a complaint about ours is of no use to anybody
    os.environ["VOICEMATE_ALSA"] = str(_FOLDER / "alsa_overrides.conf")
    os.environ["ALSA_CONFIG_PATH"] = f"{_SYSTEM_CONFIG}:{config}"
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
