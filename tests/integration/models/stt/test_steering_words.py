"""People's voices through whisper: what steers the conversation is understood in spite of its spelling."""

import pytest

from voicemate.stt.whisper import Whisper
from voicemate.turns.spoken_commands import Command, spoken_command
from voicemate.turns.wake_phrase import WakePhrase

pytestmark = pytest.mark.models

MYCROFT = WakePhrase("Mycroft")
"""Whom the recordings call; whisper writes "my craft"."""


async def test_stop_is_heard(clips, tiny: Whisper):
    heard = await tiny.transcribe(clips["mycroft/stop.flac"].pcm())
    command = spoken_command(heard.text)
    assert command
    assert command.command is Command.STOP


async def test_a_name_is_heard_that_whisper_does_not_know(clips, tiny: Whisper):
    heard = await tiny.transcribe(clips["mycroft/mycroft_wakeup.flac"].pcm())
    assert MYCROFT.find(heard.text)
    command = spoken_command(heard.text, MYCROFT)
    assert command
    assert command.command is Command.WAKE


async def test_nobody_is_called_who_was_not(clips, tiny: Whisper):
    heard = await tiny.transcribe(clips["speech_to_phrase/whats_the_weather.flac"].pcm())
    assert MYCROFT.find(heard.text) is None
    assert WakePhrase("Juniper").find(heard.text) is None
