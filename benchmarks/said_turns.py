"""Says recorded turns to a daemon in a virtual room."""

import numpy as np
import soxr

from benchmarks.daemon_process import DaemonProcess, is_floor, is_kind
from voicemate.core.pcm import CLOCK_HZ, Pcm
from voicemate.testing.pulseaudio_room import RATE, PulseAudioRoom
from voicemate.testing.speech_corpus import SpeechRecording, load_corpus


def sentences(longest_s: float, shortest_s: float = 0) -> list[SpeechRecording]:
    """Return the English recordings with speech of this length."""
    return [
        clip
        for clip in load_corpus()
        if clip.language == "en"
        and clip.kind == "speech"
        and shortest_s < clip.speech_end_s - clip.speech_start_s < longest_s
    ]


def in_room(clip: SpeechRecording) -> Pcm:
    """Return ``clip`` at the room's rate."""
    return soxr.resample(clip.pcm(), CLOCK_HZ, RATE).astype(np.float32)


def gap_of_turn(daemon: DaemonProcess, room: PulseAudioRoom, sentence: Pcm) -> float:
    """Say ``sentence``, interrupt the reply, and return the gap that the daemon reports (ms)."""
    place = len(daemon.events)
    room.say(sentence)
    timed = daemon.until(is_kind("TurnTimed"), place, patience_s=30)
    daemon.until(is_kind("PhraseStarted"), place)
    hush(daemon, place)
    return daemon.events[timed][1].data["gap"]


def hush(daemon: DaemonProcess, place: int) -> None:
    """Interrupt the reply from event ``place`` on, and wait until the daemon listens again."""
    speaking = daemon.until(is_floor("speaking"), place)
    daemon.interrupt()
    daemon.until_listening(speaking)
