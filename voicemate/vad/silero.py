"""Voice probability of each block, in two stages.

A cheap gate (level, then webrtcvad) checks every block; Silero's network runs only while the gate is open or a voice
is present. webrtcvad alone takes keyboards and fans for voices, Silero does not; Silero alone costs forty times as
much as the gate in silence.
"""

from collections import deque
from pathlib import Path

import numpy as np
import webrtcvad

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples
from voicemate.models.onnx_session import open_session

_SILENCE_DBFS = -70.0
"""Blocks below this level are silence. See docs/measurements/voice-activity.md."""

_FRAME_BYTES = 2 * to_samples(10)
"""Bytes of a 10 ms int16 frame: webrtcvad takes 10, 20 or 30 ms, and reacts soonest to the shortest."""

_CONTEXT_SAMPLES = 64
"""Samples of the previous block that Silero v5 takes in front of each block at 16 kHz."""


class WebrtcGate:
    """Opens when a block is loud enough and webrtcvad takes any 10 ms of it for a voice.

    Args:
        aggressiveness: webrtcvad's mode, 0 (opens most easily) to 3.
    """

    def __init__(self, aggressiveness: int) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)
        self._rest = b""

    def is_open(self, pcm: Pcm, dbfs: float) -> bool:
        """Return whether the next block may contain a voice."""
        """Return whether the next block may contain a voice."""
        if dbfs < _SILENCE_DBFS:
            self._rest = b""
            return False
        sound = self._rest + (np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes()
        whole = len(sound) - len(sound) % _FRAME_BYTES
        self._rest = sound[whole:]
        frames = [sound[i : i + _FRAME_BYTES] for i in range(0, whole, _FRAME_BYTES)]
        # No short circuit: webrtcvad tracks the noise floor from frame to frame.
        return any([self._vad.is_speech(frame, CLOCK_HZ) for frame in frames])


class SileroNetwork:
    """Silero's recurrent voice activity network (v5) on one onnxruntime thread.

    Args:
        path: the ONNX file.

    Raises:
        ModelError: the file is missing or is another network.
    """

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, {"input", "state", "sr"}, "Silero voice activity model")
        self._rate = np.array(CLOCK_HZ, dtype=np.int64)
        self._input = np.zeros((1, _CONTEXT_SAMPLES + BLOCK_SAMPLES), dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Clear the network's recurrent state."""
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._input[:] = 0

    def probability(self, pcm: Pcm) -> float:
        """Return the probability of a voice in ``pcm``, shape ``[BLOCK_SAMPLES]``, the next block."""
        self._input[0, :_CONTEXT_SAMPLES] = self._input[0, -_CONTEXT_SAMPLES:]
        self._input[0, _CONTEXT_SAMPLES:] = pcm
        inputs = {"input": self._input, "state": self._state, "sr": self._rate}
        output, self._state = self._session.run(None, inputs)
        return float(np.asarray(output)[0, 0])


class SileroDetector:
    """Implements ``VoiceActivityDetector`` with the gate and Silero.

    Args:
        silero: path of Silero's ONNX file.
        aggressiveness: the gate's.

    Raises:
        ModelError: the file is missing or is another network.
    """

    _HANGOVER_BLOCKS = 8
    """Silero runs on for 256 ms after the gate closes, so that crackles do not restart it each time."""
    _PRIMING_BLOCKS = 4
    """Blocks (128 ms) before the gate opened that Silero gets first; without them it detects a word a block late."""

    def __init__(self, silero: Path, aggressiveness: int) -> None:
        self._gate = WebrtcGate(aggressiveness)
        self._silero = SileroNetwork(silero)
        self._blocks_left = 0
        self._skipped: deque[Pcm] = deque(maxlen=self._PRIMING_BLOCKS)

    def probability(self, pcm: Pcm, dbfs: float, voice_on: bool) -> float:
        """Return the probability of a voice in the next block, 0 to 1; 0 while the gate is closed.

        Args:
            pcm: 16 kHz mono, shape ``[BLOCK_SAMPLES]``.
            dbfs: the block's level.
            voice_on: a voice may be present already, so Silero must run.
        """
        if self._gate.is_open(pcm, dbfs) or voice_on:
            if not self._blocks_left:
                self._start()
            self._blocks_left = self._HANGOVER_BLOCKS
        if not self._blocks_left:
            self._skipped.append(pcm)
            return 0.0
        self._blocks_left -= 1
        return self._silero.probability(pcm)

    def _start(self) -> None:
        self._silero.reset()
        while self._skipped:
            self._silero.probability(self._skipped.popleft())
