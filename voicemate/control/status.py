"""The status of the daemon, and what else a client may ask it for."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    """Unknown members are ignored, so that an older client reads the status of a newer daemon."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Problem(_Part):
    """What is missing or broke, and what to do about it.

    Attributes:
        component: what is affected, such as ``microphone``.
        message: one sentence.
        hint: the way out; may be empty.
    """

    component: str
    message: str
    hint: str


class ModelNames(_Part):
    """The models in use, as the settings name them."""

    stt: str
    llm: str
    tts: str


class DeviceStatus(_Part):
    """A microphone or a speaker.

    Attributes:
        name: of the device in use, or used last; as in the settings while none has been opened.
        open: audio flows, or could at once.
    """

    name: str
    open: bool


class PushToTalkStatus(_Part):
    """The push-to-talk key of the desktop.

    Attributes:
        chord: as it is written in the settings; empty for none.
        mode: ``hold`` or ``toggle``.
        active: the daemon sees the key pressed; otherwise ``reason`` says why not.
    """

    chord: str = ""
    mode: str = "hold"
    active: bool = False
    reason: str = ""


class SpeculationStatus(_Part):
    """How the work done before the end of a turn turned out (docs/explanation/turn-taking.md).

    Attributes:
        turns: the latest turns with an audible reply.
        ready: replies that could be heard as soon as their turn ended.
        held_open: turns among these that stayed open a moment longer for the reply.
        discarded: further generations for those turns that were discarded.
        wasted_ms: completed work on the discarded generations.
    """

    turns: int = 0
    ready: int = 0
    held_open: int = 0
    discarded: int = 0
    wasted_ms: float = 0.0


class DaemonStatus(_Part):
    """The daemon as it is now.

    Attributes:
        version, pid, uptime_s: of the program and its process.
        state: a ``FloorState``, or ``asleep`` while the daemon is not to listen and the microphone is closed.
            ``unavailable``: something is missing, and ``problems`` says what.
        reason: why, in a few words.
        listening: the daemon is meant to listen; ``state`` says whether it can.
        mode: ``hands-free``, or ``push-to-talk`` where the microphone opens for the key only.
        persona, character: the persona as the settings name it, and the character's name.
        echo: how echo is dealt with, as in the settings.
        offline: for each lock that keeps the process off the network, whether it holds.
        memory_mb: resident memory of the process and its helper processes.
        gaps_ms: the latest gaps, from the last sample of speech to the first sample of the reply, oldest first.
        turns: that the person has taken since the daemon started.
        speculation: on the latest turns.
        problems: that persist.
        settings, log: paths of the files.
    """

    version: str
    pid: int
    uptime_s: float
    state: str
    reason: str
    listening: bool
    muted: bool
    mode: str
    push_to_talk: PushToTalkStatus = PushToTalkStatus()
    persona: str
    character: str
    models: ModelNames
    microphone: DeviceStatus
    speaker: DeviceStatus
    echo: str
    offline: dict[str, bool]
    memory_mb: float
    gaps_ms: list[float]
    turns: int
    speculation: SpeculationStatus = SpeculationStatus()
    problems: list[Problem]
    settings: str
    log: str


@dataclass(frozen=True, slots=True)
class TypedReply:
    """What became of a typed turn.

    Attributes:
        turn_id: the turn's number in the events.
        heard_prefix: the part of the reply that left the speaker.
    """

    turn_id: int
    heard_prefix: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose.

    Attributes:
        value: as the settings name it.
        label: for people.
    """

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from on this machine.

    Attributes:
        voices: those that speak the character's language.
    """

    personas: tuple[Choice, ...] = ()
    voices: tuple[Choice, ...] = ()
    microphones: tuple[Choice, ...] = ()
    speakers: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class RecentExchange:
    """What the person said, and what they heard in reply. Either may be empty."""

    persona: str
    said: str
    reply: str
