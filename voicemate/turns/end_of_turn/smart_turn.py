"""Smart Turn v3.2: how complete a turn sounds, evaluated at a pause.

The network (pipecat's, BSD-2: the encoder of whisper tiny with a small head) evaluates melody and pace, not words.
It is a signal among others: see docs/measurements/end-of-turn.md.
"""

from pathlib import Path
from typing import Protocol

import numpy as np

from voicemate.core.errors import ModelError
from voicemate.core.pcm import Pcm, to_samples
from voicemate.core.worker_thread import WorkerThread
from voicemate.models.onnx_session import open_session
from voicemate.turns.end_of_turn.log_mel import log_mel

WINDOW = to_samples(8_000)
"""The network's input in samples: the last 8 s. Shorter audio is padded with silence in front, never behind, because
the pause at its end is what counts."""


class TurnDetector(Protocol):
    """Estimates from the voice alone whether a turn is over."""

    async def probability_complete(self, pcm: Pcm) -> float:
        """Return the probability that the turn is over, 0 to 1.

        Args:
            pcm: the person's turn so far with the pause at its end, 16 kHz mono of any length; only the last
                ``WINDOW`` samples count.

        Raises:
            ModelError: the network failed.
        """
        ...

    def close(self) -> None:
        """Free the network."""
        ...


class SmartTurn:
    """Implements ``TurnDetector`` on onnxruntime, in its own thread (about 55 ms a call).

    Args:
        path: the ONNX file.

    Raises:
        ModelError: the file is missing or is another network. A conversation works without this signal.
    """

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, {"input_features"}, "Smart Turn model")
        self._thread = WorkerThread("smart-turn")

    async def probability_complete(self, pcm: Pcm) -> float:
        """See ``TurnDetector``. Cancelling the awaiting task discards the result; a running call completes."""
        return await self._thread.run(self._complete, pcm)

    def close(self) -> None:
        """Wait for a running call, and end the thread. Closing again does nothing."""
        self._thread.close()

    def _complete(self, pcm: Pcm) -> float:
        window = np.zeros(WINDOW, dtype=np.float32)
        last = pcm[-WINDOW:]
        window[WINDOW - len(last) :] = last
        try:
            (output,) = self._session.run(None, {"input_features": log_mel(window)[np.newaxis]})
        except Exception as error:  # onnxruntime's errors share no base class but Exception
            raise ModelError("The Smart Turn model failed", "Run `voicemate models verify`") from error
        return float(np.asarray(output).reshape(-1)[0])
