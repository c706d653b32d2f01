"""Puts a conversation together from settings: devices, engines, history, recording and session.

``open_conversation`` is the one sequence that does it, for ``talk``, the daemon and the demo.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from voicemate.app.audio_devices import AudioDevices, audio_devices, open_devices
from voicemate.app.engines import load_engines, with_seed
from voicemate.app.single_instance import single_instance
from voicemate.audio.aec.canceller import create_canceller
from voicemate.audio.interfaces import Speaker
from voicemate.config.schema import PushToTalkSettings, Settings
from voicemate.conversation.mic_gate import MicGate
from voicemate.conversation.ptt_cue import PttCue
from voicemate.conversation.session import Components, Session
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.events import Advisory, EventStream, Fault, FloorChanged, FloorState, Recovered, Subscriber
from voicemate.history import HistorySubscriber, HistoryWriter
from voicemate.metrics.trace_file import TraceFile
from voicemate.models import catalog
from voicemate.models.catalog import ModelRole
from voicemate.models.resolve import SILERO, resolve, uses_smart_turn
from voicemate.personas.library import find_persona
from voicemate.personas.persona import Persona
from voicemate.system.power import on_battery
from voicemate.turns.attention import Attention
from voicemate.turns.end_of_turn.default_delays import with_defaults_resolved
from voicemate.turns.floor import Floor, FloorPolicy

if TYPE_CHECKING:  # loaded only where a conversation is recorded
    from voicemate.recording.recorder import Recorder


class ViewFactory(Protocol):
    """Makes the view of a conversation."""

    def __call__(self, title: str, character: str, /) -> AbstractContextManager[Subscriber]:
        """Show a conversation with ``character`` under ``title`` while the body runs."""
        ...


class SessionTask(Protocol):
    """Makes what runs beside a session, such as a push-to-talk key."""

    def __call__(self, session: Session, events: EventStream, /) -> AbstractAsyncContextManager[object]:
        """Run beside ``session`` while the body runs."""
        ...


async def talk(
    settings: Settings, view: ViewFactory, recording: Path | None = None, beside: SessionTask | None = None
) -> None:
    """Converse on this machine's microphone and speaker until interrupted.

    Args:
        view: shows the conversation.
        recording: keep the whole conversation in this new file.
        beside: runs beside the conversation, such as a push-to-talk key.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    persona = find_persona(settings.persona)
    with single_instance():
        await converse(settings, persona, audio_devices(settings), view, recording=recording, beside=beside)


async def converse(
    settings: Settings,
    persona: Persona,
    devices: AudioDevices,
    view: ViewFactory,
    recording: Path | None = None,
    beside: SessionTask | None = None,
) -> None:
    """Hold a conversation on ``devices`` until it ends or the awaiting task is cancelled.

    Args:
        view: shows the conversation.
        recording: keep the whole conversation in this new file.
        beside: runs beside the conversation.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    if recording:
        check_recording(recording)
    settings, events = with_seed(settings), EventStream()
    with view(title(settings, persona), persona.name) as subscriber:
        events.subscribe(subscriber)
        events.emit(FloorChanged(devices.clock.now(), FloorState.STARTING, "loading the models"))
        engines = load_engines(settings, persona)
        history = keep_history(settings, persona, events)
        async with (
            open_conversation(
                settings, persona, devices, engines, events, history=history, recording=recording
            ) as session,
            beside(session, events) if beside else contextlib.nullcontext(),
        ):
            with cancel_on_sigterm():
                await session.run()


@asynccontextmanager
async def open_conversation(
    settings: Settings,
    persona: Persona,
    devices: AudioDevices,
    engines: AbstractAsyncContextManager[Engines],
    events: EventStream,
    *,
    history: AbstractContextManager[object] | None = None,
    recording: Path | None = None,
    greet: bool = True,
) -> AsyncIterator[Session]:
    """Put a conversation together: devices opened, engines loaded, session built and greeting queued.

    The body runs the session. Everything is closed at the end, in reverse order.

    Args:
        settings: as they were read; their defaults are resolved here.
        persona: the character.
        devices: not open yet.
        engines: loads the engines on entering.
        events: takes everything that happens.
        history: keeps the conversation; None for no history.
        recording: keep the whole conversation in this new file.
        greet: say the persona's greeting, if it has one.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    settings = with_defaults_resolved(settings)
    async with contextlib.AsyncExitStack() as stack:
        if history:
            stack.enter_context(history)
        await stack.enter_async_context(open_devices(devices))
        loaded = await stack.enter_async_context(engines)
        recorder = stack.enter_context(record_session(recording, settings, persona, events)) if recording else None
        session = build_session(settings, devices, loaded, events, recorder)
        if greet and persona.greeting:
            session.greet(persona.greeting)
        yield session


def check_recording(path: Path) -> None:
    """Check that a new recording can be made, before anything is opened or loaded.

    Raises:
        RecordingError: it cannot.
    """
    from voicemate.recording.format import check_path_is_free

    check_path_is_free(path)


def title(settings: Settings, persona: Persona) -> str:
    """Return the character and its models in one line."""
    return f"{persona.name} · {Path(settings.stt.model).stem} · {Path(settings.llm.model).stem}"


def build_session(
    settings: Settings,
    devices: AudioDevices,
    engines: Engines,
    events: EventStream,
    recorder: "Recorder | None" = None,
) -> Session:
    """Build a session on ``devices`` with loaded engines; it goes on from what the chat history remembers.

    Args:
        settings: with their defaults resolved.
        devices: where the conversation is held.
        engines: recognize, answer and speak.
        events: takes everything that happens.
        recorder: records what goes in and out; None for no recording.
    """
    microphone, speaker, recognizer = devices.microphone, devices.speaker, engines.recognizer
    if engines.turn_detector is None and uses_smart_turn(settings):
        message = (
            "The end-of-turn model is missing or broken: pauses are judged without it (`voicemate models pull`)."
        )
        events.emit(Advisory(devices.clock.now(), message))
    if phrase := settings.attention.wake_phrase:
        recognizer.prompt = f"{engines.chat_history.persona.name if phrase == 'name' else phrase}."
    floor: FloorPolicy = Floor.from_settings(settings)
    if recorder:
        from voicemate.recording.wrappers import RecordedFloor, RecordedRecognizer, record_devices

        microphone, speaker = record_devices(microphone, speaker, recorder)
        recognizer, floor = RecordedRecognizer(recognizer, recorder), RecordedFloor(floor, recorder)
    components = Components(
        microphone=microphone,
        speaker=speaker,
        clock=devices.clock,
        engines=replace(engines, recognizer=recognizer),
        mic_gate=MicGate(
            create_canceller(settings.audio.echo, lambda: speaker.name),
            speaker,
            settings.barge_in.by_voice,
            settings.push_to_talk.hands_free,
        ),
        attention=Attention(settings.attention, engines.chat_history.persona.name),
        ptt_cue=_ptt_cue(settings.push_to_talk, speaker, events),
        languages=_languages(settings.llm.model),
        interim_transcripts=settings.stt.interim_transcripts,
        on_battery=on_battery,
    )
    return Session(components, floor, events)


def _ptt_cue(settings: PushToTalkSettings, speaker: Speaker, events: EventStream) -> PttCue | None:
    """Return the sounds of the push-to-talk key; None where the person is heard without it."""
    if settings.hands_free or settings.cue == "off":
        return None
    return PttCue(speaker, events.emit, begin=True, end=settings.cue == "both")


def _languages(model: str) -> frozenset[str] | None:
    """Return the languages that the catalog gives for the language model; None where it gives none."""
    known = catalog.load_catalog().get(model)
    return frozenset(known.languages) if known and known.languages else None


@contextmanager
def keep_history(settings: Settings, persona: Persona, events: EventStream) -> Iterator[None]:
    """Keep the conversation in the history and its timings in the trace while the body runs, if settings say so."""
    if not settings.history.keep:
        yield
        return
    loop = asyncio.get_running_loop()

    def on_fault(message: str, hint: str) -> None:
        loop.call_soon_threadsafe(events.emit, Fault(0, "history", message, hint))

    def on_recovered() -> None:
        loop.call_soon_threadsafe(events.emit, Recovered(0, "history"))

    history, trace = HistoryWriter(on_fault=on_fault, on_recovered=on_recovered), TraceFile(on_fault=on_fault)
    models = {"stt": settings.stt.model, "llm": settings.llm.model, "tts": settings.tts.engine}
    history.start_session(persona.name, models)
    # First, so that other subscribers find a turn in the history when they learn that it has ended.
    events.subscribe(HistorySubscriber(history).on_event, first=True)
    events.subscribe(trace.on_event)
    try:
        yield
    finally:
        trace.close()
        history.end_session()
        history.close()


@contextmanager
def record_session(path: Path, settings: Settings, persona: Persona, events: EventStream) -> "Iterator[Recorder]":
    """Record all events in a new file while the body runs; ``build_session`` records the rest.

    Raises:
        RecordingError: the recording cannot be made.
    """
    from voicemate.recording.header import VAD_ROLE, RecordingHeader
    from voicemate.recording.recorder import Recorder

    loop = asyncio.get_running_loop()

    def on_fault(message: str, hint: str) -> None:
        loop.call_soon_threadsafe(events.emit, Fault(0, "recording", message, hint))

    models = {
        "stt": resolve(settings.stt.model, ModelRole.STT),
        "llm": resolve(settings.llm.model, ModelRole.LLM),
        VAD_ROLE: resolve(SILERO, ModelRole.VAD),
    }
    recorder = Recorder(path, RecordingHeader.of(settings, persona, models), models, on_fault)
    stop = events.subscribe(recorder.on_event)
    try:
        yield recorder
    finally:
        stop()
        recorder.close()


@contextmanager
def cancel_on_sigterm() -> Iterator[None]:
    """Cancel the running task on SIGTERM, as Ctrl-C does."""
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
