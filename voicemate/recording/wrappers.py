"""Wrappers that record what passes through a microphone, a speaker, a recognizer and a floor.

Each implements the protocol of what it wraps. All of them belong to the conversation's thread.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from voicemate.audio.interfaces import AEC_REFERENCE_S, Block, HealthListener, Microphone, Span, Speaker
from voicemate.conversation.recognizer import Recognition, Recognizer
from voicemate.core.events import FloorState
from voicemate.core.pcm import AudioClip, Pcm, to_samples
from voicemate.recording.audio_chunks import to_int16, to_pcm
from voicemate.recording.journal import CloseUtterance, PauseVoice
from voicemate.recording.recorder import Recorder
from voicemate.turns.floor import FloorPolicy
from voicemate.turns.messages import FloorAction, FloorInput
from voicemate.vad.state_machine import VoiceEvent, VoicePaused

_CATCH_UP_SAMPLES = to_samples(500)
"""The recorder fetches what the speaker played and no other reader requested within this time (samples)."""


def record_devices(microphone: Microphone, speaker: Speaker, recorder: Recorder) -> tuple[Microphone, Speaker]:
    """Return both, recorded. The echo canceller must read its reference from the speaker returned."""
    recorded = RecordedSpeaker(speaker, recorder)
    return RecordedMicrophone(microphone, recorded, recorder), recorded


class RecordedFloor:
    """A ``FloorPolicy`` that records every input and the floor's actions."""

    def __init__(self, floor: FloorPolicy, recorder: Recorder) -> None:
        self._floor = floor
        self._recorder = recorder

    @property
    def state(self) -> FloorState:
        """Who holds the floor."""
        return self._floor.state

    @property
    def key_ends_turn(self) -> bool:
        """Whether the key ends the person's turn."""
        return self._floor.key_ends_turn

    def step(self, message: FloorInput) -> list[FloorAction]:
        """Take one input, record it, and return what to do."""
        actions = self._floor.step(message)
        self._recorder.on_floor_step(message, actions)
        return actions


class RecordedSpeaker:
    """A ``Speaker`` that records what it played, when the AEC reference is read.

    The echo canceller reads one block after the other, and the recorder keeps what it gets. ``aec_reference`` is one
    stream in order, so a second reader would disturb the first: only what no one else read is fetched here.
    """

    def __init__(self, speaker: Speaker, recorder: Recorder) -> None:
        self._speaker = speaker
        self._recorder = recorder
        self._recorded_until = 0

    @property
    def name(self) -> str:
        """The device's name."""
        return self._speaker.name

    @property
    def rate(self) -> int:
        """Samples a second (Hz)."""
        return self._speaker.rate

    def add_health_listener(self, listener: HealthListener) -> None:
        """Report faults to ``listener``."""
        self._speaker.add_health_listener(listener)

    async def open(self) -> None:
        """Open the device. Raises AudioError when there is none, or it is busy."""
        await self._speaker.open()

    async def close(self) -> None:
        """Free the device."""
        await self._speaker.close()

    def wake(self) -> None:
        """End the suspension that a long silence brings."""
        self._speaker.wake()

    def play(self, clip: AudioClip) -> Span:
        """Queue ``clip``."""
        return self._speaker.play(clip)

    def position(self) -> int:
        """The sample that is leaving the speaker now."""
        return self._speaker.position()

    def idle(self) -> bool:
        """Whether nothing is queued and the last sample has left the speaker."""
        return self._speaker.idle()

    def stop(self, fade_ms: float = 20) -> None:
        """Fade out and drop what is queued."""
        self._speaker.stop(fade_ms)

    def pause(self, fade_ms: float = 20) -> None:
        """Fade out and keep what is queued."""
        self._speaker.pause(fade_ms)

    def resume(self, fade_ms: float = 20) -> None:
        """Go on where ``pause`` stopped."""
        self._speaker.resume(fade_ms)

    def duck(self, db: float, ramp_ms: float = 30) -> None:
        """Play ``db`` quieter until the next call."""
        self._speaker.duck(db, ramp_ms)

    def aec_reference(self, begin: int, end: int) -> Pcm:
        """Return and record what left the speaker from clock position ``begin`` to ``end``."""
        pcm = self._speaker.aec_reference(begin, end)
        new = max(begin, self._recorded_until)
        if new < end:
            self._recorder.on_playback(new, pcm[new - begin :])
            self._recorded_until = end
        return pcm

    def catch_up(self, until: int) -> None:
        """Record what left the speaker up to clock position ``until``, unless that was read already."""
        if self._recorded_until < until:
            self.aec_reference(max(self._recorded_until, until - to_samples(AEC_REFERENCE_S * 1000)), until)


class RecordedMicrophone:
    """A ``Microphone`` whose samples are rounded to 16 bits and recorded, and with them what the speaker played."""

    def __init__(self, microphone: Microphone, speaker: RecordedSpeaker, recorder: Recorder) -> None:
        self._microphone = microphone
        self._speaker = speaker
        self._recorder = recorder

    @property
    def name(self) -> str:
        """The device's name."""
        return self._microphone.name

    def add_health_listener(self, listener: HealthListener) -> None:
        """Report faults to ``listener``."""
        self._microphone.add_health_listener(listener)

    async def open(self) -> None:
        """Open the device. Raises AudioError when there is none, it was refused, or it is busy."""
        await self._microphone.open()

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield blocks as they were recorded."""
        async for block in self._microphone.blocks():
            self._speaker.catch_up(block.at - _CATCH_UP_SAMPLES)
            rounded = replace(block, pcm=to_pcm(to_int16(block.pcm)))
            self._recorder.on_microphone_block(rounded)
            yield rounded

    def set_grouping(self, grouped: bool) -> None:
        """Let blocks come in groups, or one by one."""
        self._microphone.set_grouping(grouped)

    async def close(self) -> None:
        """Free the device."""
        await self._microphone.close()


class RecordedRecognizer:
    """A ``Recognizer`` whose blocks are rounded to 16 bits and recorded, with the voice events that follow."""

    def __init__(self, recognizer: Recognizer, recorder: Recorder) -> None:
        self._recognizer = recognizer
        self._recorder = recorder

    @property
    def prompt(self) -> str:
        """Words that are likely to come."""
        return self._recognizer.prompt

    @prompt.setter
    def prompt(self, prompt: str) -> None:
        self._recognizer.prompt = prompt

    @property
    def voice(self) -> float:
        """Probability of a voice in the last block, 0 to 1."""
        return self._recognizer.voice

    @property
    def speaking(self) -> bool:
        """Whether a voice is plainly there."""
        return self._recognizer.speaking

    @property
    def voice_on(self) -> bool:
        """Whether a voice is there, or may be starting or coming back."""
        return self._recognizer.voice_on

    @property
    def dbfs(self) -> float:
        """Level of the last block."""
        return self._recognizer.dbfs

    @property
    def position(self) -> int:
        """The clock position up to which blocks were processed."""
        return self._recognizer.position

    def push(self, block: Block) -> list[VoiceEvent]:
        """Process the next block, record it, and return its voice events."""
        rounded = replace(block, pcm=to_pcm(to_int16(block.pcm)))
        voice_events = self._recognizer.push(rounded)
        self._recorder.on_block_processed(rounded, voice_events)
        return voice_events

    def audio(self, began: int, ended: int) -> Pcm:
        """The audio between two clock positions, as far as it is kept."""
        return self._recognizer.audio(began, ended)

    async def recognize(self) -> Recognition:
        """Recognize the current utterance. Raises ModelError when whisper failed."""
        return await self._recognizer.recognize()

    async def interim_text(self) -> str:
        """Draft the words so far. Raises ModelError when whisper failed."""
        return await self._recognizer.interim_text()

    def end_speech(self) -> VoicePaused | None:
        """Take the voice for paused now, and record that."""
        paused = self._recognizer.end_speech()
        self._recorder.on_segmenter_command(PauseVoice(), () if paused is None else (paused,))
        return paused

    def close(self) -> None:
        """Close the utterance, and record that."""
        self._recognizer.close()
        self._recorder.on_segmenter_command(CloseUtterance())
