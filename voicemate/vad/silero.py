"""How likely each block of sound holds a voice.

Two stages. A cheap gate (level, then webrtcvad) looks at every block; Silero's network is asked only when the
gate fires or a voice is on. webrtcvad alone takes keyboards and fans for voices, Silero does not; Silero alone
would cost forty times the gate while nobody speaks.
"""

from collections import deque
from pathlib import Path

import numpy as np
import webrtcvad

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples
from voicemate.models.onnx_session import open_session

_SILENCE_DBFS = -70.0
"""Blocks below this are silence whatever they hold. The quietest speaker of the recordings is at -49."""

_FRAME_BYTES = 2 * to_samples(10)
"""webrtcvad judges frames of 10, 20 or 30 ms of int16; the shortest fires first."""

_CONTEXT_SAMPLES = 64
"""Silero v5 is given the end of the block before in front of each block of 16 kHz sound."""


class WebrtcGate:
    """Lets a block pass when it is loud enough and webrtcvad takes any 10 ms of it for a voice.

    Args:
        aggressiveness: webrtcvad's mode, 0 (lets the most pass) to 3.
    """

    def __init__(self, aggressiveness: int) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)
        self._rest = b""

    def is_open(self, pcm: Pcm, dbfs: float) -> bool:
        if dbfs < _SILENCE_DBFS:
            self._rest = b""
            return False
        sound = self._rest + (np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes()
        whole = len(sound) - len(sound) % _FRAME_BYTES
        self._rest = sound[whole:]
        frames = [sound[i : i + _FRAME_BYTES] for i in range(0, whole, _FRAME_BYTES)]
        # Every frame is shown to webrtcvad (no short cut by any()): it follows the noise from frame to frame.
        return any([self._vad.is_speech(frame, CLOCK_HZ) for frame in frames])


class SileroNetwork:
    """Silero's voice activity network (v5) on one thread of onnxruntime. It remembers; ``reset`` makes it forget.

    Raises:
        ModelError: the file is missing or no such network.
    """

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, {"input", "state", "sr"}, "Silero voice activity model")
        self._rate = np.array(CLOCK_HZ, dtype=np.int64)
        self._input = np.zeros((1, _CONTEXT_SAMPLES + BLOCK_SAMPLES), dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._input[:] = 0

    def probability(self, pcm: Pcm) -> float:
        """Of a voice in ``pcm``, shape ``[BLOCK_SAMPLES]``, which follows on the block given before."""
        self._input[0, :_CONTEXT_SAMPLES] = self._input[0, -_CONTEXT_SAMPLES:]
        self._input[0, _CONTEXT_SAMPLES:] = pcm
        given = {"input": self._input, "state": self._state, "sr": self._rate}
        answer, self._state = self._session.run(None, given)
        return float(np.asarray(answer)[0, 0])


class SileroDetector:
    """The gate and Silero together.

    Args:
        silero: path of the ONNX file.
        aggressiveness: the gate's.

    Raises:
        ModelError: the file is missing or no such network.
    """

    _AWAKE_BLOCKS = 8
    """Silero stays awake this long after the gate fired (256 ms), so that crackles do not wake it anew each time."""
    _PRIMING_BLOCKS = 4
    """What Silero hears first when it wakes: without the 128 ms before a word it knows the word a block later."""

    def __init__(self, silero: Path, aggressiveness: int) -> None:
        self._gate = WebrtcGate(aggressiveness)
        self._silero = SileroNetwork(silero)
        self._awake = 0
        self._unheard: deque[Pcm] = deque(maxlen=self._PRIMING_BLOCKS)

    def probability(self, pcm: Pcm, dbfs: float, voice_on: bool) -> float:
        """Of a voice in the next block, 0 to 1; 0 while the gate is shut.

        Args:
            pcm: 16 kHz mono, shape ``[BLOCK_SAMPLES]``.
            dbfs: its level.
            voice_on: somebody may be speaking already, so Silero must be asked.
        """
        if self._gate.is_open(pcm, dbfs) or voice_on:
            if not self._awake:
                self._wake()
            self._awake = self._AWAKE_BLOCKS
        if not self._awake:
            self._unheard.append(pcm)
            return 0.0
        self._awake -= 1
        return self._silero.probability(pcm)

    def _wake(self) -> None:
        self._silero.reset()
        while self._unheard:
            self._silero.probability(self._unheard.popleft())
