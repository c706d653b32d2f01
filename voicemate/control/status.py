"""What a daemon says of itself."""

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    """Read leniently, so that an older client understands a newer daemon."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Problem(_Part):
    """What is missing or broke, and what to do about it. ``where`` names the part, such as ``microphone``."""

    component: str
    message: str
    hint: str


class ModelNames(_Part):
    """Which models hear, think and speak, as the settings name them."""

    stt: str
    llm: str
    tts: str


class DeviceStatus(_Part):
    """A microphone or a loudspeaker.

    Attributes:
        name: what is in use, or was last; as wanted in the settings when nothing was ever opened.
        open: sound flows, or could at once.
    """

    name: str
    open: bool


class PushToTalkStatus(_Part):
    """The push-to-talk key of the desktop.

    Attributes:
        chord: as it is written in the settings; empty when none is wanted.
        mode: ``hold`` or ``toggle``.
        watched: pressing it is seen; ``why`` says why not.
    """

    chord: str = ""
    mode: str = "hold"
    watched: bool = False
    reason: str = ""


class SpeculationStatus(_Part):
    """What became of the work that was done before turns were over (docs/explanation/turn-taking.md).

    Attributes:
        turns: the latest ones that were answered aloud; each used one prepared reply.
        ready: how many replies could be heard as soon as their turn ended.
        awaited: for how many of these the turn stayed open a moment longer.
        thrown_away: more replies that were prepared for those turns, and that nobody heard.
        wasted_ms: the work that was completed for them.
    """

    turns: int = 0
    ready: int = 0
    held_open: int = 0
    discarded: int = 0
    wasted_ms: float = 0.0


class DaemonStatus(_Part):
    """The daemon as it is now.

    Attributes:
        version, pid, uptime_s: of the program, its process, and how long that has been running.
        state: one of ``events.FloorState``, or ``asleep`` when it was told not to listen (the microphone is closed).
            ``unavailable``: something is missing, and ``problems`` says what.
        reason: why, in a few words.
        listening: it is meant to listen; whether it can, ``state`` tells.
        mode: ``hands-free``, or ``push-to-talk`` where a key takes the floor.
        persona: whom one talks to, as the settings name it; ``character`` is what the character is called.
        echo: what keeps the character from hearing itself.
        offline: the locks that keep the process off the network, each with whether it holds.
        memory_mb: resident memory of the process and its helpers.
        gaps_ms: the latest gaps between the person's last sound and the reply's first, oldest first.
        turns: of the person, since the daemon began.
        work_ahead: on the replies to the latest of them.
        problems: what is wrong now.
        settings, log: the files.
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
