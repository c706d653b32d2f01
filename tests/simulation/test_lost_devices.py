"""Devices that are lost in the middle of a conversation: the real microphone and loudspeaker on a scripted host."""

import asyncio

from tests.simulation.simulated_conversation import SimulatedConversation
from tests.support.fake_portaudio import FakePortAudio
from voicemate.audio.devices.watchdog import WatchdogLimits
from voicemate.audio.interfaces import Speaker
from voicemate.audio.output.speaker import DeviceSpeaker
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.events import Fault, FloorChanged, FloorState, Recovered, ReplyEnded
from voicemate.testing.scripted_engines import ScriptedLanguageModel

STORY = "One two three four five six seven eight nine ten eleven twelve."
MISSING = AudioError("There is no loudspeaker", "Connect one")


class StageOfDevices(SimulatedConversation):
    """The usual stage, with a loudspeaker that can be unplugged in place of the room's."""

    async def make_speaker(self, clock: SampleClock) -> Speaker:
        self.host = FakePortAudio()
        limits = WatchdogLimits(silence_s=None, max_attempts=4)
        self.loudspeaker = DeviceSpeaker(self.host, clock, limits=limits)  # type: ignore[arg-type]
        await self.loudspeaker.open()
        return self.loudspeaker

    def unplug(self) -> None:
        self.host.error = MISSING
        self.host.streams[-1].end()

    def plug_in(self) -> None:
        self.host.error = None
        self.loudspeaker.retry()


async def speaking(stage: SimulatedConversation) -> None:
    """Ask for the story, and wait for its third word or so."""
    stage.session.ask("tell me a story")
    while not stage.of(FloorChanged) or stage.of(FloorChanged)[-1].state is not FloorState.SPEAKING:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.8)


def test_a_reply_goes_on_where_it_was_cut_when_the_loudspeaker_is_back() -> None:
    stage = StageOfDevices(llm=ScriptedLanguageModel(default=STORY))

    async def script(stage: SimulatedConversation) -> None:
        assert isinstance(stage, StageOfDevices)
        await speaking(stage)
        stage.unplug()
        await asyncio.sleep(1)
        assert "There is no loudspeaker" in stage.of(Fault)[-1].message
        stage.plug_in()
        await asyncio.sleep(10)

    stage.run(script)
    assert [(ended.heard_prefix, ended.interrupted) for ended in stage.of(ReplyEnded)] == [(STORY, False)]
    assert stage.of(Recovered)


def test_of_a_reply_whose_loudspeaker_stays_away_only_what_was_heard_is_remembered() -> None:
    stage = StageOfDevices(llm=ScriptedLanguageModel({"tell me a story": STORY}, default="Indeed."))

    async def script(stage: SimulatedConversation) -> None:
        assert isinstance(stage, StageOfDevices)
        await speaking(stage)
        stage.unplug()
        await asyncio.sleep(30)
        assert stage.of(ReplyEnded)
        stage.plug_in()
        await asyncio.sleep(1)
        stage.session.ask("who are you")
        await asyncio.sleep(5)

    stage.run(script)
    first, second = stage.of(ReplyEnded)
    assert STORY.startswith(first.heard_prefix)
    assert 1 <= len(first.heard_prefix.split()) < 8
    assert second.heard_prefix == "Indeed."
    remembered = [message.content for message in stage.llm.requests[-1]]
    assert first.heard_prefix in remembered
    assert STORY not in remembered
