"""Where a recorder listens in: wrappers with the faces of what they wrap."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, cast

from voicemate.audio.interfaces import AEC_REFERENCE_S, Block, HealthListener, Microphone, Speaker
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.core.events import FloorState
from voicemate.core.pcm import Pcm, to_samples
from voicemate.recording.audio_chunks import to_int16, to_pcm
from voicemate.recording.recorder import Recorder
from voicemate.turns.floor import FloorPolicy
from voicemate.turns.messages import FloorAction, FloorInput
from voicemate.vad.state_machine import VoiceEvent

_BEHIND = to_samples(500)
"""What nobody asked the loudspeaker for in this time is fetched by the recorder."""


def record_devices(microphone: Microphone, loudspeaker: Speaker, recorder: Recorder) -> tuple[Microphone, Speaker]:
    """Both, recorded. Whoever asks the loudspeaker what left it (the echo canceller) must ask the one returned."""
    taped = RecordedSpeaker(loudspeaker, recorder)
    return RecordedMicrophone(microphone, taped, recorder), cast(Speaker, taped)


def record_recognizer(listener: SpeechRecognizer, recorder: Recorder) -> SpeechRecognizer:
    """``listener``, recorded."""
    return cast(SpeechRecognizer, RecordedRecognizer(listener, recorder))


class RecordedFloor:
    """The floor, with every input and what it answered recorded."""

    def __init__(self, floor: FloorPolicy, recorder: Recorder):
        self._floor = floor
        self._recorder = recorder

    @property
    def state(self) -> FloorState:
        return self._floor.state

    @property
    def key_ends_turn(self) -> bool:
        return self._floor.key_ends_turn

    def step(self, message: FloorInput) -> list[FloorAction]:
        acts = self._floor.step(message)
        self._recorder.on_floor_step(message, acts)
        return acts


class RecordedSpeaker:
    """The loudspeaker, with what left it recorded as it is asked for; all else passes through.

    The echo canceller asks for one block after the other, and what it gets is recorded. A second reader would disturb
    the first (``Loudspeaker.far`` is one stream in order), so only what nobody asked for is fetched here.
    """

    def __init__(self, loudspeaker: Speaker, recorder: Recorder):
        self._loudspeaker = loudspeaker
        self._recorder = recorder
        self._until = 0

    def aec_reference(self, begin: int, end: int) -> Pcm:
        pcm = self._loudspeaker.aec_reference(begin, end)
        known = max(begin, self._until)
        if known < end:
            self._recorder.on_playback(known, pcm[known - begin :])
            self._until = end
        return pcm

    def catch_up(self, until: int) -> None:
        """Record what left it up to clock position ``until``, unless that has been asked for."""
        if self._until < until:
            self.aec_reference(max(self._until, until - to_samples(AEC_REFERENCE_S * 1000)), until)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loudspeaker, name)


class RecordedMicrophone:
    """The microphone, its sound rounded to 16 bits and recorded, and beside it what left the loudspeaker."""

    def __init__(self, microphone: Microphone, loudspeaker: RecordedSpeaker, recorder: Recorder):
        self._microphone = microphone
        self._loudspeaker = loudspeaker
        self._recorder = recorder

    @property
    def name(self) -> str:
        return self._microphone.name

    def add_health_listener(self, listener: HealthListener) -> None:
        self._microphone.add_health_listener(listener)

    async def open(self) -> None:
        await self._microphone.open()

    async def blocks(self) -> AsyncIterator[Block]:
        async for block in self._microphone.blocks():
            self._loudspeaker.catch_up(block.at - _BEHIND)
            exact = replace(block, pcm=to_pcm(to_int16(block.pcm)))
            self._recorder.on_microphone_block(exact)
            yield exact

    def set_grouping(self, grouped: bool) -> None:
        self._microphone.set_grouping(grouped)

    async def close(self) -> None:
        await self._microphone.close()


class RecordedRecognizer:
    """The listener, with every block that it hears rounded to 16 bits and recorded; all else passes through."""

    def __init__(self, listener: SpeechRecognizer, recorder: Recorder):
        self._listener = listener
        self._recorder = recorder

    def push(self, block: Block) -> Sequence[VoiceEvent]:
        exact = replace(block, pcm=to_pcm(to_int16(block.pcm)))
        told = self._listener.push(exact)
        self._recorder.on_block_processed(exact, told)
        return told

    def close(self) -> None:
        self._listener.close()
        self._recorder.on_segmenter_command("close")

    def end_speech(self) -> VoiceEvent | None:
        told = self._listener.end_speech()
        self._recorder.on_segmenter_command("end_speech", () if told is None else (told,))
        return told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)
