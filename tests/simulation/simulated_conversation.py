"""A whole conversation on the virtual clock: the real session between scripted engines, in the simulated room."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from voicemate.audio.aec.canceller import PassThroughCanceller
from voicemate.audio.interfaces import Speaker
from voicemate.config.schema import AttentionSettings, BargeInSettings, PushToTalkSettings, TurnSettings, VadSettings
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.mic_gate import MicGate
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.conversation.session import Components, Session
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.clock import SampleClock
from voicemate.core.events import Event, EventStream
from voicemate.llm.context_window import ContextWindow
from voicemate.personas.persona import Persona
from voicemate.testing.scripted_engines import (
    LoudnessDetector,
    ScriptedLanguageModel,
    ScriptedSynthesizer,
    ScriptedTranscriber,
)
from voicemate.testing.simulated_room import SimulatedRoom
from voicemate.testing.virtual_time import run_virtual
from voicemate.turns.attention import Attention
from voicemate.turns.end_of_turn.default_delays import FAST_STT_DELAYS
from voicemate.turns.floor import Floor, FloorPolicy
from voicemate.vad.segmenter import SpeechSegmenter

PERSONA = Persona(name="Echo", description="A test.")


E = TypeVar("E", bound=Event)


Wiring = Callable[[Components, FloorPolicy, EventStream], tuple[Components, FloorPolicy]]
"""Puts something between the session and its parts, such as a recorder."""


def plain(components: Components, floor: FloorPolicy, events: EventStream) -> tuple[Components, FloorPolicy]:
    """Nothing in between."""
    return components, floor


@dataclass
class SimulatedConversation:
    """Made anew for each play."""

    transcriber: ScriptedTranscriber = field(default_factory=lambda: ScriptedTranscriber(["hello there"]))
    llm: ScriptedLanguageModel = field(default_factory=ScriptedLanguageModel)
    synthesizer: ScriptedSynthesizer = field(default_factory=ScriptedSynthesizer)
    turn_settings: TurnSettings = field(default_factory=TurnSettings)
    barge_in: BargeInSettings = field(default_factory=BargeInSettings)
    push_to_talk: PushToTalkSettings = field(default_factory=PushToTalkSettings)
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    persona: Persona = PERSONA
    wire: Wiring = plain
    events: list[Event] = field(default_factory=list)
    clock: SampleClock = field(init=False)
    room: SimulatedRoom = field(init=False)
    session: Session = field(init=False)
    chat_history: ChatHistory = field(init=False)

    def run(self, script: Callable[["SimulatedConversation"], Awaitable[None]]) -> list[Event]:
        """Run ``script`` beside the conversation; ends with the script. Returns all events."""
        run_virtual(self._play(script))
        return self.events

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def make_speaker(self, clock: SampleClock) -> Speaker:
        """The loudspeaker that the character has."""
        return self.room.speaker

    async def _play(self, script: Callable[["SimulatedConversation"], Awaitable[None]]) -> None:
        self.clock = clock = SampleClock()
        self.room = SimulatedRoom(clock)
        loudspeaker = await self.make_speaker(clock)
        stream = EventStream()
        stream.subscribe(self.events.append)
        context = ContextWindow(self.persona, 2048, self.llm.count_tokens)
        self.chat_history = ChatHistory(self.persona, self.llm, context, seed=1)
        components = Components(
            microphone=self.room.microphone,
            speaker=loudspeaker,
            clock=clock,
            engines=Engines(
                SpeechRecognizer(SpeechSegmenter(LoudnessDetector(), VadSettings(), 20), self.transcriber),
                self.chat_history,
                self.synthesizer,
            ),
            mic_gate=MicGate(
                PassThroughCanceller(), loudspeaker, self.barge_in.by_voice, self.push_to_talk.hands_free
            ),
            attention=Attention(self.attention, self.persona.name),
        )
        floor = Floor(self.turn_settings.with_defaults_resolved(FAST_STT_DELAYS), self.barge_in, self.push_to_talk)
        self.session = Session(*self.wire(components, floor, stream), stream)
        await self.room.microphone.open()
        conversation = asyncio.create_task(self.session.run())
        try:
            await script(self)
        finally:
            conversation.cancel()
            await asyncio.gather(conversation, return_exceptions=True)
        if not conversation.cancelled():
            conversation.result()
