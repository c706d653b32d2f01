"""Puts a conversation together from settings: the only place that knows every concrete class."""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from voicemate.audio.clock import SampleClock
from voicemate.audio.echo import echo_canceller
from voicemate.audio.loudspeaker import DeviceLoudspeaker
from voicemate.audio.microphone import DEFAULT_LIMITS, QUIET_S, DeviceMicrophone
from voicemate.audio.ports import Loudspeaker, Microphone
from voicemate.audio.stream_host import StreamHost
from voicemate.config import PushToTalkSettings, Settings, engine_threads
from voicemate.conversation.attention import Attention
from voicemate.conversation.dialogue import Dialogue
from voicemate.conversation.floor import Floor
from voicemate.conversation.history import History, HistoryWriter
from voicemate.conversation.instance import only_instance
from voicemate.conversation.key_cue import KeyCue
from voicemate.conversation.microphone_gate import MicrophoneGate
from voicemate.conversation.session import Decider, Parts, Session
from voicemate.conversation.trace_file import TraceFile
from voicemate.errors import ModelError
from voicemate.events import EventStream, Fault, FloorChanged, FloorState, Notice, Recovered, Subscriber
from voicemate.hearing.ears import Ears
from voicemate.hearing.listener import Listener
from voicemate.hearing.smart_turn import SmartTurn
from voicemate.hearing.transcript import Transcriber
from voicemate.hearing.voice_activity import VoiceActivity
from voicemate.hearing.whisper import Whisper
from voicemate.machine import heap
from voicemate.models import catalog
from voicemate.models.catalog import Role
from voicemate.models.needed import SILERO, SMART_TURN, wants_turn_detector
from voicemate.models.resolve import resolve
from voicemate.personas.library import find_persona
from voicemate.personas.persona import Persona
from voicemate.places import state_folder
from voicemate.power import on_battery
from voicemate.speaking.chosen_voice import ChosenVoice
from voicemate.speaking.hibari_voice import HibariSynthesizer
from voicemate.speaking.pyttsx3_voice import Pyttsx3Synthesizer
from voicemate.speaking.synthesizer import Synthesizer
from voicemate.thinking.context import Context
from voicemate.thinking.llama import Llama
from voicemate.thinking.mind import Message, Mind

if TYPE_CHECKING:  # loaded only where a conversation is recorded
    from voicemate.tape.recorder import Recorder

ViewMaker = Callable[[str, str], AbstractContextManager[Subscriber]]
"""Makes a view from a title and the character's name."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of a conversation, loaded."""

    listener: Listener
    dialogue: Dialogue
    synthesizer: Synthesizer
    turn_detector: SmartTurn | None = None


@asynccontextmanager
async def engines(settings: Settings, persona: Persona) -> AsyncIterator[Engines]:
    """Load everything that a spoken conversation needs, at the same time; free it at the end.

    Raises:
        ModelError: a model is missing or cannot be loaded.
        PersonaError: the persona does not fit the model's context.
    """
    heap.return_large_blocks()
    async with contextlib.AsyncExitStack() as closing:
        synthesizer = load_synthesizer(settings, persona)
        closing.push_async_callback(synthesizer.close)

        async def load_ears() -> Listener:
            listener, whisper = await asyncio.to_thread(load_hearing, settings)
            closing.callback(whisper.close)
            return listener

        async with asyncio.TaskGroup() as loading:
            ears = loading.create_task(load_ears())
            mind = loading.create_task(closing.enter_async_context(load_mind(settings, persona)))
        detector = load_turn_detector(settings)
        if detector:
            closing.callback(detector.close)
        heap.give_back()
        yield Engines(ears.result(), mind.result(), synthesizer, detector)


def load_hearing(settings: Settings) -> tuple[Listener, Whisper]:
    """The hearing side alone, for a conversation or for sound files; whisper is the caller's to close.

    Blocks while whisper loads.

    Raises:
        ModelError: a model is missing or cannot be loaded.
    """
    whisper = load_whisper(settings)
    return listen_with(settings, whisper), whisper


def load_whisper(settings: Settings) -> Whisper:
    """Whisper alone; it is the caller's to close. Blocks while it loads.

    Raises:
        ModelError: the model is missing or cannot be loaded.
    """
    hearing = settings.hearing
    threads = engine_threads(hearing.threads)
    return Whisper(resolve(hearing.model, Role.HEARING), threads, hearing.audio_context)


def listen_with(settings: Settings, whisper: Transcriber) -> Listener:
    """Ears for one conversation, in front of ``whisper``.

    Raises:
        ModelError: the voice activity model is missing or cannot be loaded.
    """
    hearing, vad = settings.hearing, settings.vad
    activity = VoiceActivity(resolve(SILERO, Role.VOICE_ACTIVITY), vad.gate)
    return Listener(Ears(activity, vad, hearing.longest_piece_s), whisper, hearing.language)


def load_turn_detector(settings: Settings) -> SmartTurn | None:
    """Smart Turn; None where it is not wanted, missing or broken, since a conversation does well without."""
    if not wants_turn_detector(settings):
        return None
    try:
        return SmartTurn(resolve(SMART_TURN, Role.END_OF_TURN))
    except ModelError:
        return None


def load_synthesizer(settings: Settings, persona: Persona) -> Synthesizer:
    """The speaking side alone; it gets ready in the background.

    Raises:
        SpeechError: the engine is not installed.
    """
    speaking = settings.speaking
    system = Pyttsx3Synthesizer(speaking, warm_up=persona.voice)
    engine = HibariSynthesizer(system) if speaking.engine == "hibari" else system
    return ChosenVoice(engine, speaking.voice) if speaking.voice else engine


@asynccontextmanager
async def load_mind(settings: Settings, persona: Persona) -> AsyncIterator[Dialogue]:
    """The thinking side alone, with the persona read; freed at the end.

    Raises:
        ModelError: the model is missing or cannot be loaded.
        PersonaError: the persona does not fit the model's context.
    """
    llama = await load_llama(settings)
    try:
        dialogue = await in_character(settings, persona, llama)
        try:
            yield dialogue
        finally:
            await dialogue.rest()
    finally:
        llama.close()


async def load_llama(settings: Settings) -> Llama:
    """The language model without a character; it is the caller's to close.

    Raises:
        ModelError: the model is missing or cannot be loaded.
    """
    weights, prompts = resolve(settings.thinking.model, Role.THINKING), state_folder() / "prompts"
    return await Llama.load(weights, settings.thinking, prompts)


class Actor(Mind, Protocol):
    """A language model that a character can be given to, as ``Llama`` is."""

    @property
    def size(self) -> int: ...

    def count_tokens(self, messages: Sequence[Message]) -> int: ...

    async def prepare(self, opening: Sequence[Message]) -> None: ...


async def in_character(settings: Settings, persona: Persona, llama: Actor) -> Dialogue:
    """``llama`` with ``persona`` read, ready for the first reply. The caller lets it rest before anything else.

    Raises:
        PersonaError: the persona does not fit the model's context.
    """
    context = Context(persona, llama.size, llama.count_tokens)
    await llama.prepare(context.opening)
    dialogue = Dialogue(persona, llama, context, _seed(settings))
    await dialogue.get_ready()
    return dialogue


def _seed(settings: Settings) -> int:
    return settings.thinking.seed or secrets.randbits(31)


def _with_seed(settings: Settings) -> Settings:
    """``settings`` with the seed that is drawn for this conversation, so that it can be told afterwards."""
    return settings.model_copy(update={"thinking": settings.thinking.model_copy(update={"seed": _seed(settings)})})


async def talk(
    settings: Settings, view: ViewMaker, record: Path | None = None, beside: "Beside | None" = None
) -> None:
    """Converse on this machine's microphone and loudspeaker until interrupted.

    Args:
        record: keep the whole conversation in this new file.
        beside: see ``converse``.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    persona = find_persona(settings.persona)
    with only_instance():
        await converse(settings, persona, device_stage(settings), view, record=record, beside=beside)


Beside = Callable[[Session, EventStream], AbstractAsyncContextManager[object]]
"""Makes what goes on beside a conversation, for as long as that does."""


async def _nothing_to_renew() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a conversation takes place.

    Attributes:
        retry: devices have come or gone: those that are missed may be back.
        renew: look for devices anew and open them again, since the system uses others now. Raises ``AudioError``.
    """

    microphone: Microphone
    loudspeaker: Loudspeaker
    clock: SampleClock
    retry: Callable[[], None] = lambda: None
    renew: Callable[[], Awaitable[None]] = _nothing_to_renew


def device_stage(settings: Settings, patient: bool = False) -> Stage:
    """This machine's own devices, not open yet.

    Args:
        patient: wait for ever for a microphone that was lost to come back.
    """
    host, clock = StreamHost(), SampleClock()
    limits = replace(DEFAULT_LIMITS, tries=None) if patient else DEFAULT_LIMITS
    # With the key alone the microphone is open for minutes at most, and each press is to be heard at once.
    quiet_s = QUIET_S if settings.push_to_talk.hands_free else None
    microphone = DeviceMicrophone(host, clock, settings.audio.input, limits, quiet_s)
    loudspeaker = DeviceLoudspeaker(host, clock, settings.audio.output)

    def retry() -> None:
        microphone.retry()
        loudspeaker.retry()

    return Stage(microphone, loudspeaker, clock, retry, host.renew)


async def converse(
    settings: Settings,
    persona: Persona,
    stage: Stage,
    view: ViewMaker,
    watch: Subscriber | None = None,
    begin: Callable[[Session], None] | None = None,
    kept_in_history: bool = True,
    record: Path | None = None,
    beside: Beside | None = None,
) -> None:
    """Hold a conversation on ``stage`` until it ends or the awaiting task is cancelled.

    Args:
        watch: sees every event, beside the view and the history.
        begin: called when all is ready, instead of the persona's greeting.
        kept_in_history: unless the settings say otherwise.
        record: keep all of it in this new file.
        beside: what goes on beside it, such as a key that is watched.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    if record:
        from voicemate.tape.records import check_new

        check_new(record)
        settings = _with_seed(settings)
    events = EventStream()
    keeping = kept(settings, persona, events) if kept_in_history else contextlib.nullcontext()
    with view(title(settings, persona), persona.name) as shown, keeping:
        events.subscribe(shown)
        if watch:
            events.subscribe(watch)
        events.emit(FloorChanged(stage.clock.now(), FloorState.STARTING, "loading the models"))
        async with opened(stage), engines(settings, persona) as ready:
            with recorded(record, settings, persona, events) if record else contextlib.nullcontext() as recorder:
                session = assemble(settings, stage, ready, events, recorder)
                if begin:
                    begin(session)
                elif persona.greeting:
                    session.greet(persona.greeting)
                async with beside(session, events) if beside else contextlib.nullcontext():
                    with ends_on_sigterm():
                        await session.run()


def title(settings: Settings, persona: Persona) -> str:
    """What is talked to and with what, in one line."""
    return f"{persona.name} · {Path(settings.hearing.model).stem} · {Path(settings.thinking.model).stem}"


def assemble(
    settings: Settings, stage: Stage, ready: Engines, events: EventStream, recorder: "Recorder | None" = None
) -> Session:
    """A conversation on ``stage`` with engines that are loaded; it goes on from what the dialogue remembers.

    Args:
        recorder: keeps what goes in and out.
    """
    microphone, loudspeaker, listener = stage.microphone, stage.loudspeaker, ready.listener
    if ready.turn_detector is None and wants_turn_detector(settings):
        lost = "The end-of-turn model is missing or broken: pauses are judged without it (`voicemate models pull`)."
        events.emit(Notice(stage.clock.now(), lost))
    if phrase := settings.attention.wake_phrase:
        listener.prompt = f"{ready.dialogue.persona.name if phrase == 'name' else phrase}."
    floor: Decider = Floor.of(settings)
    if recorder:
        from voicemate.tape.taps import TapedFloor, taped_devices, taped_listener

        microphone, loudspeaker = taped_devices(microphone, loudspeaker, recorder)
        listener, floor = taped_listener(listener, recorder), TapedFloor(floor, recorder)
    parts = Parts(
        microphone=microphone,
        loudspeaker=loudspeaker,
        clock=stage.clock,
        listener=listener,
        dialogue=ready.dialogue,
        synthesizer=ready.synthesizer,
        gate=MicrophoneGate(
            echo_canceller(settings.audio.echo, lambda: loudspeaker.name),
            loudspeaker,
            settings.barge_in.by_voice,
            settings.push_to_talk.hands_free,
        ),
        attention=Attention(settings.attention, ready.dialogue.persona.name),
        turn_detector=ready.turn_detector,
        cue=_key_cue(settings.push_to_talk, loudspeaker, events),
        languages=_languages(settings.thinking.model),
        follow=settings.hearing.follow,
        on_battery=on_battery,
    )
    return Session(parts, floor, events)


def _key_cue(settings: PushToTalkSettings, loudspeaker: Loudspeaker, events: EventStream) -> KeyCue | None:
    """The sounds around the key; none where the person is heard without it."""
    if settings.hands_free or settings.cue == "off":
        return None
    return KeyCue(loudspeaker, events.emit, begin=True, end=settings.cue == "both")


def _languages(thinking: str) -> frozenset[str] | None:
    """What the catalog says the language model speaks; None where it says nothing."""
    known = catalog.load().get(thinking)
    return frozenset(known.languages) if known and known.languages else None


@asynccontextmanager
async def opened(stage: Stage) -> AsyncIterator[None]:
    """While the body runs, the devices of ``stage`` are open.

    Raises:
        AudioError: one of them is missing, refused or busy.
    """
    await stage.loudspeaker.open()
    try:
        await stage.microphone.open()
        try:
            yield
        finally:
            await stage.microphone.close()
    finally:
        await stage.loudspeaker.close()


@contextmanager
def kept(settings: Settings, persona: Persona, events: EventStream) -> Iterator[None]:
    """While the body runs, keep the conversation in the history and its timings in the trace, if that is wanted."""
    if not settings.history.keep:
        yield
        return
    loop = asyncio.get_running_loop()

    def faulty(wrong: str, remedy: str) -> None:
        loop.call_soon_threadsafe(events.emit, Fault(0, "history", wrong, remedy))

    def well() -> None:
        loop.call_soon_threadsafe(events.emit, Recovered(0, "history"))

    history, trace = History(on_fault=faulty, on_recovered=well), TraceFile(on_fault=faulty)
    models = {"hearing": settings.hearing.model, "thinking": settings.thinking.model}
    history.begin_session(persona.name, models | {"speaking": settings.speaking.engine})
    events.subscribe(HistoryWriter(history).listen, first=True)  # whoever is told of a turn's end finds it there
    events.subscribe(trace.listen)
    try:
        yield
    finally:
        trace.close()
        history.end_session()
        history.close()


@contextmanager
def recorded(path: Path, settings: Settings, persona: Persona, events: EventStream) -> "Iterator[Recorder]":
    """While the body runs, keep all events in a new recording; what else it is to keep, ``assemble`` hands to it.

    Raises:
        TapeError: the recording cannot be made.
    """
    from voicemate.tape import house
    from voicemate.tape.header import Header
    from voicemate.tape.recorder import Recorder

    loop = asyncio.get_running_loop()

    def faulty(wrong: str, remedy: str) -> None:
        loop.call_soon_threadsafe(events.emit, Fault(0, "recording", wrong, remedy))

    models = {
        "hearing": resolve(settings.hearing.model, Role.HEARING),
        "thinking": resolve(settings.thinking.model, Role.THINKING),
        house.VOICE_ACTIVITY: resolve(SILERO, Role.VOICE_ACTIVITY),
    }
    recorder = Recorder(path, Header.of(settings, persona, models), models, faulty)
    stop = events.subscribe(recorder.happened)
    try:
        yield recorder
    finally:
        stop()
        recorder.close()


@contextmanager
def ends_on_sigterm() -> Iterator[None]:
    """End the running task in an orderly way on SIGTERM, as Ctrl-C does."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    try:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    except (NotImplementedError, RuntimeError, ValueError):  # no signals on this loop or in this thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
