"""A whole conversation on the virtual clock: the real session between scripted engines, in the simulated room."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from tests.simulation.scripted import ScriptedMind, ScriptedSynthesizer, ScriptedTranscriber
from voicemate.audio.clock import SampleClock
from voicemate.audio.echo import NoCanceller
from voicemate.audio.ports import Loudspeaker
from voicemate.audio.room import Room
from voicemate.audio.virtual_time import run_virtual
from voicemate.config import AttentionSettings, BargeInSettings, EndpointSettings, PushToTalkSettings, VadSettings
from voicemate.conversation.attention import Attention
from voicemate.conversation.dialogue import Dialogue
from voicemate.conversation.floor import Floor
from voicemate.conversation.microphone_gate import MicrophoneGate
from voicemate.conversation.parts import Parts
from voicemate.conversation.session import Session
from voicemate.events import Event, EventStream
from voicemate.hearing.ears import Ears
from voicemate.hearing.listener import Listener
from voicemate.personas.persona import Persona
from voicemate.sound import CLOCK_HZ, Sound
from voicemate.thinking.context import Context

PERSONA = Persona(name="Echo", description="A test.")


class LoudnessActivity:
    """Voice activity that takes every loud sound for a voice."""

    def probability(self, pcm: object, dbfs: float, voice_on: bool) -> float:
        return 0.95 if dbfs > -45 else 0.02


def voice(seconds: float) -> Sound:
    """Something loud."""
    return Sound(
        (0.2 * np.random.default_rng(1).standard_normal(int(seconds * CLOCK_HZ))).astype(np.float32), CLOCK_HZ
    )


E = TypeVar("E", bound=Event)


@dataclass
class Stage:
    """Made anew for each play."""

    transcriber: ScriptedTranscriber = field(default_factory=lambda: ScriptedTranscriber(["hello there"]))
    mind: ScriptedMind = field(default_factory=ScriptedMind)
    synthesizer: ScriptedSynthesizer = field(default_factory=ScriptedSynthesizer)
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    barge_in: BargeInSettings = field(default_factory=BargeInSettings)
    push_to_talk: PushToTalkSettings = field(default_factory=PushToTalkSettings)
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    persona: Persona = PERSONA
    events: list[Event] = field(default_factory=list)
    room: Room = field(init=False)
    session: Session = field(init=False)
    dialogue: Dialogue = field(init=False)

    def play(self, script: Callable[["Stage"], Awaitable[None]]) -> list[Event]:
        """Run ``script`` beside the conversation; ends with the script. Returns all events."""
        run_virtual(self._play(script))
        return self.events

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def equip(self, clock: SampleClock) -> Loudspeaker:
        """The loudspeaker that the character has."""
        return self.room.loudspeaker

    async def _play(self, script: Callable[["Stage"], Awaitable[None]]) -> None:
        clock = SampleClock()
        self.room = Room(clock)
        loudspeaker = await self.equip(clock)
        stream = EventStream()
        stream.subscribe(self.events.append)
        context = Context(self.persona, 2048, self.mind.count_tokens)
        self.dialogue = Dialogue(self.persona, self.mind, context, seed=1)
        parts = Parts(
            microphone=self.room.microphone,
            loudspeaker=loudspeaker,
            clock=clock,
            listener=Listener(Ears(LoudnessActivity(), VadSettings(), 20), self.transcriber),
            dialogue=self.dialogue,
            synthesizer=self.synthesizer,
            gate=MicrophoneGate(NoCanceller(), loudspeaker, self.barge_in.by_voice, self.push_to_talk.hands_free),
            attention=Attention(self.attention, self.persona.name),
        )
        floor = Floor(self.endpoint, self.barge_in, self.push_to_talk)
        self.session = Session(parts, floor, stream)
        await self.room.microphone.open()
        conversation = asyncio.create_task(self.session.run())
        try:
            await script(self)
        finally:
            conversation.cancel()
            await asyncio.gather(conversation, return_exceptions=True)
        if not conversation.cancelled():
            conversation.result()
