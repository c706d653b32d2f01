"""What a conversation is put together from."""

from collections.abc import Callable
from dataclasses import dataclass

from voicemate.audio.interfaces import Microphone, Speaker
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.mic_gate import MicGate
from voicemate.conversation.ptt_cue import PttCue
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.core.clock import SampleClock
from voicemate.tts.base import Synthesizer
from voicemate.turns.attention import Attention
from voicemate.turns.end_of_turn.smart_turn import TurnDetector


@dataclass(frozen=True, slots=True)
class Components:
    """Devices, engines, the character's side of the dialogue, and what stands between them.

    Attributes:
        turn_detector: hears by the voice whether a turn is over; None to do without.
        cue: tells that the person is heard after the key went down; None to do that without a sound.
        languages: those that the language model knows well enough to judge a sentence; None for all.
        follow: work on what the person says while they still speak.
        on_battery: tells where the power comes from; on battery there is less work ahead.
    """

    microphone: Microphone
    speaker: Speaker
    clock: SampleClock
    recognizer: SpeechRecognizer
    chat_history: ChatHistory
    synthesizer: Synthesizer
    mic_gate: MicGate
    attention: Attention
    turn_detector: TurnDetector | None = None
    ptt_cue: PttCue | None = None
    languages: frozenset[str] | None = None
    interim_transcripts: bool = True
    on_battery: Callable[[], bool] = lambda: False
