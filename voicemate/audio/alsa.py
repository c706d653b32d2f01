"""Keeps ALSA from writing to the terminal.

libasound prints whatever it does not like, an underrun in the middle of a conversation for one, from its own
threads. Programs may take its messages over; nobody reads them here, since PortAudio reports what matters.
"""

import ctypes
import sys

_Handler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)  # file, line, function, error, format; what the format asks for is left where it is

_handler = _Handler(lambda *_: None)  # referenced for as long as ALSA may call it


def silence() -> None:
    """Drop ALSA's messages from now on. Does nothing where there is no ALSA."""
    if sys.platform != "linux":
        return
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:
        return
    alsa.snd_lib_error_set_handler(_handler)
