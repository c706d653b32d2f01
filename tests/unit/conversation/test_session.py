"""The session carries out what the floor decides, and tells the floor what it must know."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.unit.conversation.fakes import PERSONA, Bench
from voicemate.audio.aec.canceller import PassThroughCanceller
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block, HealthListener
from voicemate.config.schema import AttentionSettings, VadSettings
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.mic_gate import MicGate
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.conversation.session import Components, Session
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.errors import AudioError
from voicemate.core.events import (
    Event,
    Fault,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    Recovered,
    ReplyEnded,
    SpeechRejected,
    TurnEnded,
)
from voicemate.llm.context_window import ContextWindow
from voicemate.testing.scripted_engines import LoudnessDetector, ScriptedTranscriber
from voicemate.testing.scripted_engines import ScriptedLanguageModel as ScriptedLanguageModel
from voicemate.turns.attention import Attention
from voicemate.turns.messages import (
    CommitTurn,
    DiscardGeneration,
    DuckPlayback,
    EnterState,
    FloorAction,
    FloorInput,
    Interrupt,
    KeyDown,
    KeyUp,
    RejectSpeech,
    ReplyAudible,
    ReplyReady,
    ReplySilent,
    RetractReply,
    StartGeneration,
    StopPlayback,
    Tick,
    TypedTurn,
    WordsJudged,
)
from voicemate.vad.segmenter import SpeechSegmenter


class ScriptedFloor:
    """Answers each kind of message once with the actions that the test gives; keeps all messages but ticks."""

    def __init__(self) -> None:
        self.state = FloorState.LISTENING
        self.key_ends_turn = False
        self.messages: list[FloorInput] = []
        self.answers: dict[type, list[FloorAction]] = {}

    def step(self, message: FloorInput) -> list[FloorAction]:
        if not isinstance(message, Tick):
            self.messages.append(message)
        actions = self.answers.pop(type(message), [])
        for action in actions:
            if isinstance(action, EnterState):
                self.state = action.state
        return actions

    def kinds(self) -> list[type]:
        return [type(message) for message in self.messages]


class QueueMicrophone:
    """Gives the blocks that the test puts in."""

    name = "queue"

    def __init__(self) -> None:
        self.listener: HealthListener = lambda error: None
        self.queue: asyncio.Queue[Block] = asyncio.Queue()

    def add_health_listener(self, listener: HealthListener) -> None:
        self.listener = listener

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def set_grouping(self, grouped: bool) -> None:
        pass

    async def blocks(self) -> AsyncIterator[Block]:
        while True:
            yield await self.queue.get()


@dataclass
class Rig:
    """A session between doubles, and its scripted floor."""

    bench: Bench = field(default_factory=Bench)
    floor: ScriptedFloor = field(default_factory=ScriptedFloor)
    llm: ScriptedLanguageModel = field(
        default_factory=lambda: ScriptedLanguageModel(default="Good morning.", first_token_s=0, token_s=0)
    )

    def __post_init__(self) -> None:
        self.microphone = QueueMicrophone()
        segmenter = SpeechSegmenter(LoudnessDetector(), VadSettings(), 20)
        chat = ChatHistory(PERSONA, self.llm, ContextWindow(PERSONA, 2048, self.llm.count_tokens), seed=1)
        recognizer = SpeechRecognizer(segmenter, ScriptedTranscriber(["hello there"], ms=0))
        components = Components(
            microphone=self.microphone,
            speaker=self.bench.speaker,
            clock=self.bench.clock,
            engines=Engines(recognizer, chat, self.bench.synthesizer),
            mic_gate=MicGate(PassThroughCanceller(), self.bench.speaker),
            attention=Attention(AttentionSettings(), PERSONA.name),
        )
        self.session = Session(components, self.floor, self.bench.stream)

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(100):
            await asyncio.sleep(0)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.bench.events if isinstance(event, kind)]

    def on(self, kind: type[FloorInput], *actions: FloorAction) -> None:
        """Have the floor answer the next message of ``kind`` with ``actions``."""
        self.floor.answers[kind] = list(actions)

    def ask(self, text: str, request_id: str | None = None, generation_id: int = 1) -> None:
        self.on(
            TypedTurn,
            StartGeneration(generation_id, 0, 0),
            EnterState(FloorState.THINKING, "typed"),
            CommitTurn(generation_id, 0, 0, "typed"),
        )
        self.session.ask(text, request_id)

    async def play(self, *positions: int) -> None:
        """The speaker and the clock are at one position after the other, and a block comes at each."""
        running = asyncio.create_task(self.session.run())
        for position in positions:
            self.bench.speaker.at = self.bench.clock.at = position
            self.microphone.queue.put_nowait(Block(position, np.zeros(BLOCK_SAMPLES, np.float32)))
            await self.settle()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_typed_turn_carries_its_id_from_the_request_to_the_reply() -> None:
    rig = Rig()
    rig.ask("How are you?", "request 7")
    await rig.settle()
    await rig.play(100, 2_000)
    (turn_ended,) = rig.of(TurnEnded)
    assert isinstance(turn_ended, TurnEnded)
    assert (turn_ended.turn, turn_ended.request_id) == (1, "request 7")
    (reply_ended,) = rig.of(ReplyEnded)
    assert isinstance(reply_ended, ReplyEnded)
    assert (reply_ended.turn, reply_ended.heard_prefix) == (turn_ended.turn, "Good morning.")


async def test_a_spoken_turn_has_no_request_id() -> None:
    rig = Rig()
    rig.on(Interrupt, StartGeneration(1, 0, 0), CommitTurn(1, 0, 0, "silence"))
    rig.session.interrupt()
    (turn_ended,) = rig.of(TurnEnded)
    assert isinstance(turn_ended, TurnEnded)
    assert turn_ended.request_id is None


async def test_the_id_of_a_typed_turn_is_not_that_of_the_next() -> None:
    rig = Rig()
    rig.ask("How are you?", "first")
    rig.ask("And now?", "second", generation_id=2)
    rig.on(Interrupt, StartGeneration(3, 0, 0), CommitTurn(3, 0, 0, "silence"))
    rig.session.interrupt()
    ids = [(event.turn, event.request_id) for event in rig.of(TurnEnded) if isinstance(event, TurnEnded)]
    assert ids == [(1, "first"), (2, "second"), (3, None)]


async def test_the_floor_is_told_when_the_words_are_judged_and_the_reply_is_ready_audible_and_silent() -> None:
    rig = Rig()
    rig.ask("How are you?")
    await rig.settle()
    await rig.play(100, 2_000)
    assert rig.floor.kinds() == [
        TypedTurn,
        WordsJudged,
        ReplyReady,
        ReplyAudible,
        ReplySilent,
    ] or rig.floor.kinds() == [
        TypedTurn,
        WordsJudged,
        ReplyReady,
        ReplyAudible,
        ReplySilent,
    ]


async def test_a_discarded_generation_is_reported_and_takes_no_turn() -> None:
    rig = Rig()
    rig.on(KeyDown, StartGeneration(1, 0, 0))
    rig.session.press()
    rig.on(KeyUp, DiscardGeneration(1, "the person went on"))
    rig.session.release()
    (discarded,) = rig.of(GenerationDiscarded)
    assert isinstance(discarded, GenerationDiscarded)
    assert (discarded.turn, discarded.reason) == (1, "the person went on")
    rig.ask("How are you?", generation_id=2)
    (turn_ended,) = rig.of(TurnEnded)
    assert isinstance(turn_ended, TurnEnded)
    assert turn_ended.turn == 1


@pytest.mark.parametrize(("turn_continues", "next_turn"), [(True, 1), (False, 2)])
async def test_a_committed_turn_is_counted_unless_it_goes_on(turn_continues: bool, next_turn: int) -> None:
    rig = Rig()
    rig.ask("How are you?")
    rig.on(Interrupt, DiscardGeneration(1, "the person went on", turn_continues))
    rig.session.interrupt()
    rig.ask("And now?", generation_id=2)
    assert [event.turn for event in rig.of(TurnEnded) if isinstance(event, TurnEnded)] == [1, next_turn]


async def test_a_retracted_reply_leaves_the_turn_open() -> None:
    rig = Rig()
    rig.ask("How are you?")
    rig.on(ReplyAudible, RetractReply(1, "the person speaks"))
    await rig.settle()
    await rig.play(100)
    assert rig.of(GenerationDiscarded)
    assert not rig.of(ReplyEnded)
    assert "stop" in rig.bench.speaker.calls


async def test_rejected_speech_is_reported_with_its_reason() -> None:
    rig = Rig()
    rig.on(Interrupt, StartGeneration(1, 10, 20), RejectSpeech(1, 10, 20, "a cough"))
    rig.session.interrupt()
    (rejected,) = rig.of(SpeechRejected)
    assert isinstance(rejected, SpeechRejected)
    assert (rejected.began, rejected.ended, rejected.reason) == (10, 20, "a cough")


async def test_the_floors_decisions_about_the_playback_reach_the_speaker() -> None:
    rig = Rig()
    rig.ask("How are you?")
    await rig.settle()
    rig.on(ReplyAudible, DuckPlayback(12), StopPlayback(1, "stop"))
    await rig.play(100)
    assert rig.bench.speaker.calls[:3] == ["duck 12", "stop", "duck 0"]
    assert rig.of(ReplyEnded)


async def test_the_character_greets_unprompted() -> None:
    rig = Rig()
    rig.session.greet("Welcome back.")
    await rig.settle()
    await rig.play(100, 2_000)
    (ended,) = rig.of(ReplyEnded)
    assert isinstance(ended, ReplyEnded)
    assert (ended.turn, ended.heard_prefix) == (0, "Welcome back.")


async def test_a_device_that_breaks_and_comes_back_is_reported() -> None:
    rig = Rig()
    rig.microphone.listener(AudioError("The microphone is gone", "Connect it"))
    rig.microphone.listener(None)
    fault, recovered = *rig.of(Fault), *rig.of(Recovered)
    assert isinstance(fault, Fault)
    assert isinstance(recovered, Recovered)
    assert (fault.component, fault.message, recovered.component) == (
        "microphone",
        "The microphone is gone",
        "microphone",
    )
    states = [event.state for event in rig.of(FloorChanged) if isinstance(event, FloorChanged)]
    assert states == [FloorState.UNAVAILABLE, FloorState.LISTENING]


async def test_a_conversation_that_is_cancelled_stops_the_speaker_and_says_so() -> None:
    rig = Rig()
    running = asyncio.create_task(rig.session.run())
    await rig.settle()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    states = [event.state for event in rig.of(FloorChanged) if isinstance(event, FloorChanged)]
    assert states == [FloorState.LISTENING, FloorState.STOPPED]
    assert rig.bench.speaker.calls[-1] == "stop"
