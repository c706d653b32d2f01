"""Puts a conversation together from settings: engines, devices, history and recording."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from voicemate.app.engines import load_engines, with_seed
from voicemate.app.single_instance import single_instance
from voicemate.audio.aec.canceller import create_canceller
from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.input.microphone import LONG_BUFFERS_AFTER_S, WATCHDOG_LIMITS, DeviceMicrophone
from voicemate.audio.interfaces import Microphone, Speaker
from voicemate.audio.output.speaker import DeviceSpeaker
from voicemate.config.schema import PushToTalkSettings, Settings
from voicemate.conversation.mic_gate import MicGate
from voicemate.conversation.ptt_cue import PttCue
from voicemate.conversation.session import Components, Session
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.clock import SampleClock
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
from voicemate.turns.floor import Floor, FloorPolicy

if TYPE_CHECKING:  # loaded only where a conversation is recorded
    from voicemate.recording.recorder import Recorder

ViewMaker = Callable[[str, str], AbstractContextManager[Subscriber]]
"""Makes a view from a title and the character's name."""


async def talk(
    settings: Settings, view: ViewMaker, recording: Path | None = None, beside: "Beside | None" = None
) -> None:
    """Converse on this machine's microphone and loudspeaker until interrupted.

    Args:
        record: keep the whole conversation in this new file.
        beside: see ``converse``.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    persona = find_persona(settings.persona)
    with single_instance():
        await converse(settings, persona, audio_devices(settings), view, recording=recording, beside=beside)


Beside = Callable[[Session, EventStream], AbstractAsyncContextManager[object]]
"""Makes what goes on beside a conversation, for as long as that does."""


async def _nothing_to_renew() -> None:
    pass


@dataclass(frozen=True, slots=True)
class AudioDevices:
    """Where a conversation takes place.

    Attributes:
        retry: devices have come or gone: those that are missed may be back.
        renew: look for devices anew and open them again, since the system uses others now. Raises ``AudioError``.
    """

    microphone: Microphone
    speaker: Speaker
    clock: SampleClock
    retry_missing: Callable[[], None] = lambda: None
    reopen: Callable[[], Awaitable[None]] = _nothing_to_renew


def audio_devices(settings: Settings, wait_for_devices: bool = False) -> AudioDevices:
    """This machine's own devices, not open yet.

    Args:
        patient: wait for ever for a microphone that was lost to come back.
    """
    host, clock = PortAudio(), SampleClock()
    limits = replace(WATCHDOG_LIMITS, tries=None) if wait_for_devices else WATCHDOG_LIMITS
    # With the key alone the microphone is open for minutes at most, and each press is to be heard at once.
    quiet_s = LONG_BUFFERS_AFTER_S if settings.push_to_talk.hands_free else None
    microphone = DeviceMicrophone(host, clock, settings.audio.input, limits, quiet_s)
    loudspeaker = DeviceSpeaker(host, clock, settings.audio.output)

    def retry() -> None:
        microphone.retry()
        loudspeaker.retry()

    return AudioDevices(microphone, loudspeaker, clock, retry, host.refresh_devices)


async def converse(
    settings: Settings,
    persona: Persona,
    devices: AudioDevices,
    view: ViewMaker,
    subscriber: Subscriber | None = None,
    on_ready: Callable[[Session], None] | None = None,
    with_history: bool = True,
    recording: Path | None = None,
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
    if recording:
        from voicemate.recording.format import check_path_is_free

        check_path_is_free(recording)
        settings = with_seed(settings).with_defaults_resolved()
    events = EventStream()
    keeping = keep_history(settings, persona, events) if with_history else contextlib.nullcontext()
    with view(title(settings, persona), persona.name) as shown, keeping:
        events.subscribe(shown)
        if subscriber:
            events.subscribe(subscriber)
        events.emit(FloorChanged(devices.clock.now(), FloorState.STARTING, "loading the models"))
        async with open_devices(devices), load_engines(settings, persona) as ready:
            with (
                record_session(recording, settings, persona, events)
                if recording
                else contextlib.nullcontext() as recorder
            ):
                session = build_session(settings, devices, ready, events, recorder)
                if on_ready:
                    on_ready(session)
                elif persona.greeting:
                    session.greet(persona.greeting)
                async with beside(session, events) if beside else contextlib.nullcontext():
                    with cancel_on_sigterm():
                        await session.run()


def title(settings: Settings, persona: Persona) -> str:
    """What is talked to and with what, in one line."""
    return f"{persona.name} · {Path(settings.stt.model).stem} · {Path(settings.llm.model).stem}"


def build_session(
    settings: Settings,
    devices: AudioDevices,
    engines: Engines,
    events: EventStream,
    recorder: "Recorder | None" = None,
) -> Session:
    """A conversation on ``stage`` with engines that are loaded; it goes on from what the dialogue remembers.

    Args:
        recorder: keeps what goes in and out.
    """
    microphone, loudspeaker, listener = devices.microphone, devices.speaker, engines.recognizer
    if engines.turn_detector is None and uses_smart_turn(settings):
        lost = "The end-of-turn model is missing or broken: pauses are judged without it (`voicemate models pull`)."
        events.emit(Advisory(devices.clock.now(), lost))
    if phrase := settings.attention.wake_phrase:
        listener.prompt = f"{engines.chat_history.persona.name if phrase == 'name' else phrase}."
    floor: FloorPolicy = Floor.from_settings(settings)
    if recorder:
        from voicemate.recording.wrappers import RecordedFloor, RecordedRecognizer, record_devices

        microphone, loudspeaker = record_devices(microphone, loudspeaker, recorder)
        listener, floor = RecordedRecognizer(listener, recorder), RecordedFloor(floor, recorder)
    components = Components(
        microphone=microphone,
        speaker=loudspeaker,
        clock=devices.clock,
        engines=replace(engines, recognizer=listener),
        mic_gate=MicGate(
            create_canceller(settings.audio.echo, lambda: loudspeaker.name),
            loudspeaker,
            settings.barge_in.by_voice,
            settings.push_to_talk.hands_free,
        ),
        attention=Attention(settings.attention, engines.chat_history.persona.name),
        ptt_cue=_key_cue(settings.push_to_talk, loudspeaker, events),
        languages=_languages(settings.llm.model),
        interim_transcripts=settings.stt.interim_transcripts,
        on_battery=on_battery,
    )
    return Session(components, floor, events)


def _key_cue(settings: PushToTalkSettings, loudspeaker: Speaker, events: EventStream) -> PttCue | None:
    """The sounds around the key; none where the person is heard without it."""
    if settings.hands_free or settings.cue == "off":
        return None
    return PttCue(loudspeaker, events.emit, begin=True, end=settings.cue == "both")


def _languages(thinking: str) -> frozenset[str] | None:
    """What the catalog says the language model speaks; None where it says nothing."""
    known = catalog.load_catalog().get(thinking)
    return frozenset(known.languages) if known and known.languages else None


@asynccontextmanager
async def open_devices(devices: AudioDevices) -> AsyncIterator[None]:
    """While the body runs, the devices of ``stage`` are open.

    Raises:
        AudioError: one of them is missing, refused or busy.
    """
    await devices.speaker.open()
    try:
        await devices.microphone.open()
        try:
            yield
        finally:
            await devices.microphone.close()
    finally:
        await devices.speaker.close()


@contextmanager
def keep_history(settings: Settings, persona: Persona, events: EventStream) -> Iterator[None]:
    """While the body runs, keep the conversation in the history and its timings in the trace, if that is wanted."""
    if not settings.history.keep:
        yield
        return
    loop = asyncio.get_running_loop()

    def faulty(wrong: str, remedy: str) -> None:
        loop.call_soon_threadsafe(events.emit, Fault(0, "history", wrong, remedy))

    def well() -> None:
        loop.call_soon_threadsafe(events.emit, Recovered(0, "history"))

    history, trace = HistoryWriter(on_fault=faulty, on_recovered=well), TraceFile(on_fault=faulty)
    models = {"hearing": settings.stt.model, "thinking": settings.llm.model}
    history.start_session(persona.name, models | {"speaking": settings.tts.engine})
    events.subscribe(
        HistorySubscriber(history).on_event, first=True
    )  # whoever is told of a turn's end finds it there
    events.subscribe(trace.on_event)
    try:
        yield
    finally:
        trace.close()
        history.end_session()
        history.close()


@contextmanager
def record_session(path: Path, settings: Settings, persona: Persona, events: EventStream) -> "Iterator[Recorder]":
    """While the body runs, keep all events in a new recording; what else it is to keep, ``assemble`` hands to it.

    Raises:
        TapeError: the recording cannot be made.
    """
    from voicemate.recording.header import RecordingHeader
    from voicemate.recording.recorder import Recorder
    from voicemate.replay import decision_factory

    loop = asyncio.get_running_loop()

    def faulty(wrong: str, remedy: str) -> None:
        loop.call_soon_threadsafe(events.emit, Fault(0, "recording", wrong, remedy))

    models = {
        "hearing": resolve(settings.stt.model, ModelRole.STT),
        "thinking": resolve(settings.llm.model, ModelRole.LLM),
        decision_factory.VAD_ROLE: resolve(SILERO, ModelRole.VAD),
    }
    recorder = Recorder(path, RecordingHeader.of(settings, persona, models), models, faulty)
    stop = events.subscribe(recorder.on_event)
    try:
        yield recorder
    finally:
        stop()
        recorder.close()


@contextmanager
def cancel_on_sigterm() -> Iterator[None]:
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
