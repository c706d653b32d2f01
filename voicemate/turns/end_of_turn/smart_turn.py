"""Does the voice sound as if the turn were over? Smart Turn v3.2, asked at a pause.

The network (pipecat's, BSD-2: the encoder of whisper tiny with a small head) hears melody and pace, not words. Asked
200 ms into the silence it ranks 73 of 100 pairs of an end and a pause of half a second right: a vote, not a judge.
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
"""What the network hears, in samples: the last 8 s. Shorter sound gets silence in front, never behind, since the
pause at its end is what the question is about."""


class TurnDetector(Protocol):
    """Judges by the voice alone whether a turn is over."""

    async def probability_complete(self, pcm: Pcm) -> float:
        """How probable it is that the turn is over, 0 to 1.

        Args:
            pcm: the person's turn so far with the pause at its end, 16 kHz mono; of any length, but only the last
                ``WINDOW`` samples count.

        Raises:
            ModelError: the network failed.
        """
        ...

    def close(self) -> None: ...


class SmartTurn:
    """Implements ``TurnDetector`` on onnxruntime, with one thread of its own (about 55 ms a call).

    Args:
        path: the ONNX file.

    Raises:
        ModelError: the file is missing or no such network. A conversation does well without this vote.
    """

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, {"input_features"}, "Smart Turn model")
        self._thread = WorkerThread("smart-turn")

    async def probability_complete(self, pcm: Pcm) -> float:
        """See ``TurnDetector``. Cancelling the awaiting task drops the answer; a call that runs is run to its end."""
        return await self._thread.run(self._complete, pcm)

    def close(self) -> None:
        """Wait for a call that runs, and end the thread. Closing again does nothing."""
        self._thread.close()

    def _complete(self, pcm: Pcm) -> float:
        heard = np.zeros(WINDOW, dtype=np.float32)
        last = pcm[-WINDOW:]
        heard[WINDOW - len(last) :] = last
        try:
            (answer,) = self._session.run(None, {"input_features": log_mel(heard)[np.newaxis]})
        except Exception as error:  # onnxruntime's errors share no base class but Exception
            raise ModelError("The Smart Turn model failed", "Run `voicemate models verify`") from error
        return float(np.asarray(answer).reshape(-1)[0])
