"""Settings: one TOML file, validated, every key documented here.

The file lives at ``config_folder()/settings.toml`` and may be absent: every key has a default that works.
"""

from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from voicemate.config.hotkey_chord import parse_chord
from voicemate.core.errors import SettingsError


class Section(BaseModel):
    """A table of the settings file: unknown keys and wrong types are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Milliseconds = Annotated[int, Field(ge=0, le=60_000)]
Threads = Annotated[int, Field(ge=0, le=256)]


class EndpointDelays(NamedTuple):
    """The silences that end a turn, by how quick the hearing model is.

    Attributes:
        shortest_ms, unsure_ms: see ``TurnSettings``.
    """

    shortest_ms: int
    unsure_ms: int


class AudioSettings(Section):
    """Which devices to use. Names match by any part, as ``voicemate devices`` lists them."""

    input: str = Field(default="", description="microphone; empty for the system's default")
    output: str = Field(default="", description="loudspeaker; empty for the system's default")
    echo: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="take the character's own voice out of the microphone; auto: unless it does not get there "
        "(headphones)",
    )


class VadSettings(Section):
    """When sound counts as a voice."""

    threshold: float = Field(default=0.5, ge=0.05, le=0.95, description="Silero probability that starts speech")
    fading: float = Field(
        default=0.5, ge=0.05, le=0.95, description="Silero probability below which a quieter block is a pause already"
    )
    release: float = Field(
        default=0.2, ge=0.05, le=0.95, description="Silero probability below which any block is, and turns may end"
    )
    onset_ms: Milliseconds = Field(default=96, description="voice this long before speech starts")
    pause_ms: Milliseconds = Field(default=32, description="silence this long is a pause: work on the reply begins")
    preroll_ms: Milliseconds = Field(default=400, description="sound kept from before speech starts")
    gate: int = Field(default=1, ge=0, le=3, description="aggressiveness of the webrtcvad gate before Silero")


class TurnSettings(Section):
    """When the person's turn is over: the silence that it takes, from the last sample of their voice."""

    shortest_ms: Milliseconds = Field(
        default=0,
        description="silence that ends a turn when all sounds finished; 0 for 350, or "
        "600 with any whisper but tiny without a GPU",
    )
    unsure_ms: Milliseconds = Field(
        default=0,
        description="the same when the sentence may be whole or not; 0 for 550, or 1050",
    )
    silence_ms: Milliseconds = Field(default=480, description="the same when nobody can judge the words")
    longest_ms: Milliseconds = Field(default=1_200, description="the same when the sentence sounds open")
    broken_off_ms: Milliseconds = Field(default=1_500, description="the same when the words plainly break off")
    reply_wait_ms: Milliseconds = Field(
        default=200, description="a turn that is over stays open so long for a reply that is not ready yet"
    )
    smart_turn: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="ask how the voice sounds (Smart Turn); auto: with four cores or more, else it delays the words",
    )
    thinking_aloud_ms: Milliseconds = Field(default=5_000, description="the same after `let me think` and its like")
    patience: float = Field(default=1.0, ge=0.5, le=5.0, description="a factor on all of them: 2 waits twice as long")

    def with_defaults_resolved(self, delays: EndpointDelays) -> "TurnSettings":
        """The same, with the silences of ``ears`` where 0 asks for that."""
        shortest, unsure = self.shortest_ms or delays.shortest_ms, self.unsure_ms or delays.unsure_ms
        return self.model_copy(update={"shortest_ms": shortest, "unsure_ms": unsure})


class AttentionSettings(Section):
    """Whether what is said is meant for the character."""

    wake_phrase: str = Field(
        default="",
        pattern=r"^$|[^\W_]",
        description='empty: everything is; "name": only what calls it by its name; or another phrase to call it by',
    )
    follow_up_s: float = Field(
        default=10.0, ge=0, le=600, description="after a reply no wake phrase is needed for this long"
    )


class BargeInSettings(Section):
    """What a voice over the character's may do."""

    by_voice: bool = Field(default=True, description="a voice over the character's can interrupt it")
    pause_after_ms: Milliseconds = Field(
        default=32, description="a voice may be there this long: the character pauses"
    )
    min_interruption_ms: Milliseconds = Field(
        default=1_200, description="voice this long takes the floor, whatever its words are"
    )
    false_cut_in_ms: Milliseconds = Field(
        default=1_000, description="whoever goes on this soon after a reply began was not done: it is taken back"
    )
    duck_db: float = Field(
        default=12.0, ge=0, le=60, description="how much quieter the character gets when somebody may have begun"
    )


def _valid_chord(chord: str) -> str:
    """``chord``, if it is one or empty."""
    if chord:
        try:
            parse_chord(chord)
        except SettingsError as error:
            raise ValueError(str(error)) from None
    return chord


class PushToTalkSettings(Section):
    """What a key that takes the floor does."""

    chord: Annotated[str, AfterValidator(_valid_chord)] = Field(
        default="ctrl+option+space",
        description="keys joined by +, such as ctrl+option+space or super+f5; empty for none",
    )
    mode: Literal["hold", "toggle"] = Field(
        default="hold", description="hold: speak while it is down; toggle: one press begins, the next one ends"
    )
    hands_free: bool = Field(
        default=True, description="listen without the key, too; false: the microphone is closed until it goes down"
    )
    tail_ms: Milliseconds = Field(default=200, description="sound kept after the key came up")
    tap_ms: Milliseconds = Field(
        default=250, description="down for less is a tap: it silences the character, and does nothing else"
    )
    cue: Literal["begin", "both", "off"] = Field(
        default="begin",
        description="without hands_free, a short sound as soon as the microphone hears; both: one at the end, too",
    )
    keep_open_s: float = Field(
        default=60.0,
        ge=0,
        le=600,
        description="without hands_free, the microphone stays open this long after its use",
    )
    max_hold_s: float = Field(
        default=60.0, ge=5, le=600, description="a key that seems to be down for longer has lost its release"
    )


class SpeculationSettings(Section):
    """Work on a reply before the person's turn is over."""

    when: Literal["auto", "always"] = Field(
        default="auto", description="auto: later on battery and where most of it is in vain"
    )
    careful_pause_ms: Milliseconds = Field(default=250, description="the silence after which it begins then")


class SttSettings(Section):
    """Speech to text."""

    model: str = Field(default="whisper-base", description="a name from `voicemate models list`, or a ggml file")
    language: str = Field(default="auto", description="two letters, or auto to detect each utterance's")
    threads: Threads = Field(default=0, description="whisper's CPU threads; 0 for as many as suit the machine")
    audio_context: int = Field(
        default=0,
        ge=0,
        le=1500,
        description="floor of the audio context, up to a multiple of 256; 0 for the model's measured one",
    )
    max_chunk_s: float = Field(default=20.0, ge=5, le=28, description="longer utterances go in pieces")
    interim_transcripts: bool = Field(
        default=True, description="transcribe what is said while it is said, so that less is left"
    )


def _valid_context(tokens: int) -> int:
    """``tokens`` of context, if they are enough for a persona and some sentences."""
    if 0 < tokens < 512:
        raise ValueError("It must be 0, or 512 and more")
    return tokens


class LlmSettings(Section):
    """The persona's language model."""

    model: str = Field(default="smollm2-135m", description="a name from `voicemate models list`, or a GGUF file")
    threads: Threads = Field(default=0, description="llama's CPU threads; 0 for as many as suit the machine")
    context: Annotated[int, AfterValidator(_valid_context)] = Field(
        default=0,
        ge=0,
        le=131_072,
        description="tokens the model sees at once, 512 or more; 0 for what suits it",
    )
    batch: int = Field(
        default=64, ge=16, le=2048, description="tokens decoded at once in a prefill; cancelling waits for one"
    )
    gpu_layers: int = Field(default=-1, ge=-1, description="layers on the GPU; -1 for all")
    seed: int = Field(default=0, ge=0, description="0 for a new one each session")


class TtsSettings(Section):
    """Text to speech."""

    engine: Literal["pyttsx3", "hibari"] = Field(
        default="pyttsx3",
        description="pyttsx3, the system's own voices; hibari, a neural one (`pip install hibari-tts`)",
    )
    voice: str = Field(
        default="",
        max_length=200,
        description="a voice from `voicemate voices` for all characters of its language; empty for their own",
    )
    timeout_s: float = Field(default=6.0, ge=0.5, le=60, description="a phrase that takes longer restarts the driver")


class HistorySettings(Section):
    """What is remembered on disk."""

    keep: bool = Field(default=True, description="write each conversation to the private history file")


class MenuSettings(Section):
    """The menu in the menu bar or tray."""

    exchanges: int = Field(
        default=3, ge=0, le=10, description="the last exchanges, as the history has them; 0 shows no words"
    )


class SuspendSettings(Section):
    """When the microphone is closed by itself; the key and typed turns work all the same."""

    when_locked: bool = Field(default=False, description="while the screen is locked")
    battery_below: int = Field(default=0, ge=0, le=100, description="percent of the battery; 0 for never")


class IdleSettings(Section):
    """What is done while nobody talks."""

    unload_min: float = Field(
        default=30.0,
        ge=0,
        le=1_440,
        description="minutes after which the models are unloaded; they are back at the first word. 0 for never",
    )


class OfflineSettings(Section):
    """How a conversation is kept from the network. Python's own sockets are always locked."""

    sandbox: bool = Field(
        default=True,
        description="have the system lock C code and child processes too; false for a sound server reached by TCP",
    )


class Settings(Section):
    """Everything that can be set."""

    persona: str = Field(default="juniper", description="a name from `voicemate personas`, or a persona file")
    audio: AudioSettings = AudioSettings()
    vad: VadSettings = VadSettings()
    turns: TurnSettings = TurnSettings()
    speculation: SpeculationSettings = SpeculationSettings()
    barge_in: BargeInSettings = BargeInSettings()
    push_to_talk: PushToTalkSettings = PushToTalkSettings()
    attention: AttentionSettings = AttentionSettings()
    stt: SttSettings = SttSettings()
    llm: LlmSettings = LlmSettings()
    tts: TtsSettings = TtsSettings()
    history: HistorySettings = HistorySettings()
    suspend: SuspendSettings = SuspendSettings()
    idle: IdleSettings = IdleSettings()
    menu: MenuSettings = MenuSettings()
    offline: OfflineSettings = OfflineSettings()

    def with_defaults_resolved(self, delays: EndpointDelays) -> "Settings":
        """Return a copy with the silences of ``delays`` where 0 asks for that."""
        return self.model_copy(update={"turns": self.turns.with_defaults_resolved(delays)})
