"""A pyttsx3 driver that behaves as badly as real ones do. Tests name it to the helper process.

What it does wrong is the first word of the text; after "once" (the second word then says what), it does it only the
first time. The sound is a tone: each voice has its own frequency, each letter 10 ms. Like macOS's driver, it
begins at once when it is not busy, and breaks the phrase off when its loop is told to end.
"""

import math
import os
import struct
import threading
import time
import wave
from array import array
from pathlib import Path

from pyttsx3.voice import Voice

RATE = 22_050
LETTER_S = 0.01
TONES = {"bad.anna": 441, "bad.bao": 882, "bad.ghost": 1}
"""Hz by voice. The ghost is listed, but whoever asks for it gets Bao."""


def buildDriver(proxy):
    return BadDriver(proxy)


class BadDriver:
    def __init__(self, proxy):
        self._proxy = proxy
        self._values = {"voice": "bad.anna", "rate": 200, "volume": 1.0}
        self._phrase = None
        self._looping = False

    def destroy(self):
        pass

    def getProperty(self, name):
        if name == "voices":
            return [
                Voice("bad.anna", "Anna", [b"\x05en-us"]),
                Voice("bad.bao", "Bao", ["zh_CN"]),
                Voice("bad.ghost", "Ghost", ["en_GB"]),
            ]
        return self._values[name]

    def setProperty(self, name, value):
        self._values[name] = "bad.bao" if value == "bad.ghost" else value

    def save_to_file(self, text, filename):
        self._proxy.setBusy(True)
        self._phrase = (text, filename)

    def stop(self):
        if self._phrase is not None:
            self._end(completed=False)

    def startLoop(self):
        self._looping = True
        self._proxy.setBusy(False)
        while self._looping:
            if self._phrase is not None:
                if self._phrase[0].startswith("late"):
                    threading.Thread(target=self._speak_late, args=self._phrase, daemon=True).start()
                    self._phrase = None
                    self._proxy.setBusy(False)
                else:
                    self._speak(*self._phrase)
                    self._end(completed=True)
            time.sleep(0.001)

    def endLoop(self):
        self._looping = False

    def _end(self, completed):
        self._phrase = None
        self._proxy.notify("finished-utterance", completed=completed)
        self._proxy.setBusy(False)

    def _speak(self, text, filename):
        word, *rest = text.split()
        if word == "once":
            marker = Path(os.environ["BAD_DRIVER_MARKER"])
            word = "well" if marker.exists() else rest[0]
            marker.touch()
        tone = _tone(TONES[self._values["voice"]], len(text) * LETTER_S)
        getattr(self, f"_{word}", _write_wav)(tone, filename)

    def _speak_late(self, text, filename):
        """Like espeak: on a thread of its own, when the loop has long ended."""
        time.sleep(0.6)
        _write_wav(_tone(TONES[self._values["voice"]], len(text) * LETTER_S), filename)
        self._proxy.notify("finished-utterance", completed=True)

    @staticmethod
    def _hang(tone, filename):
        time.sleep(3600)

    @staticmethod
    def _crash(tone, filename):
        os.write(2, b"the driver fell over\n")
        os._exit(7)

    @staticmethod
    def _raise(tone, filename):
        raise OSError("no voice today")

    @staticmethod
    def _chatter(tone, filename):
        print('{"rendered": false}')
        os.write(1, b"Audio saved to a file\n")
        _write_wav(tone, filename)

    @staticmethod
    def _aiff(tone, filename):
        tone.byteswap()
        rate = struct.pack(">HQ", 16_383 + 14, RATE << (63 - 14))  # 80 bits, as the format wants it
        common = b"COMM" + struct.pack(">IhIh", 18, 1, len(tone), 16) + rate
        sound = b"SSND" + struct.pack(">III", 8 + 2 * len(tone), 0, 0) + tone.tobytes()
        Path(filename).write_bytes(b"FORM" + struct.pack(">I", 4 + len(common + sound)) + b"AIFF" + common + sound)

    @staticmethod
    def _cut(tone, filename):
        _write_wav(tone, filename)
        os.truncate(filename, 500)

    @staticmethod
    def _empty(tone, filename):
        Path(filename).touch()

    @staticmethod
    def _rubbish(tone, filename):
        Path(filename).write_bytes(b"RIFF\x0c\0\0\0WAVEdata\4\0\0\0junk")

    @staticmethod
    def _silence(tone, filename):
        _write_wav(array("h", bytes(2 * len(tone))), filename)


def _tone(hertz, seconds):
    return array("h", (round(9_000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(int(seconds * RATE))))


def _write_wav(tone, filename):
    with wave.open(filename, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tone.tobytes())
