"""What a conversation is put together from."""

from collections.abc import Callable
from dataclasses import dataclass

from voicemate.audio.clock import SampleClock
from voicemate.audio.ports import Loudspeaker, Microphone
from voicemate.conversation.attention import Attention
from voicemate.conversation.dialogue import Dialogue
from voicemate.conversation.key_cue import KeyCue
from voicemate.conversation.microphone_gate import MicrophoneGate
from voicemate.hearing.listener import Listener
from voicemate.hearing.smart_turn import TurnDetector
from voicemate.speaking.synthesizer import Synthesizer


@dataclass(frozen=True, slots=True)
class Parts:
    """Devices, engines, the character's side of the dialogue, and what stands between them.

    Attributes:
        turn_detector: hears by the voice whether a turn is over; None to do without.
        cue: tells that the person is heard after the key went down; None to do that without a sound.
        languages: those that the language model knows well enough to judge a sentence; None for all.
        follow: work on what the person says while they still speak.
        on_battery: tells where the power comes from; on battery there is less work ahead.
    """

    microphone: Microphone
    loudspeaker: Loudspeaker
    clock: SampleClock
    listener: Listener
    dialogue: Dialogue
    synthesizer: Synthesizer
    gate: MicrophoneGate
    attention: Attention
    turn_detector: TurnDetector | None = None
    cue: KeyCue | None = None
    languages: frozenset[str] | None = None
    follow: bool = True
    on_battery: Callable[[], bool] = lambda: False
