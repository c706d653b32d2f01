"""What a person gets when the system's speech driver misbehaves."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from voicemate.config.schema import TtsSettings
from voicemate.core.errors import SpeechError
from voicemate.core.pcm import AudioClip
from voicemate.personas.persona import Voice
from voicemate.tts.pyttsx3 import worker_process
from voicemate.tts.pyttsx3.synthesizer import Pyttsx3Synthesizer

ANNA = Voice(id="anna")
BAO = Voice(language="zh")


@pytest_asyncio.fixture
async def speaker(impatient, phrase_folder) -> AsyncIterator[Pyttsx3Synthesizer]:
    synthesizer = Pyttsx3Synthesizer(impatient, driver="bad_driver")
    yield synthesizer
    await synthesizer.close()


@pytest.fixture
def hurried(monkeypatch) -> None:
    """What nobody waits for any more is given up sooner."""
    monkeypatch.setattr(worker_process, "CANCELLED_TIMEOUT_S", 0.05)


def hertz(sound: AudioClip) -> int:
    """The strongest frequency, to 10 Hz."""
    spectrum = np.abs(np.fft.rfft(sound.pcm, 2_205))
    return 10 * int(spectrum.argmax())


def tone_ms(sound: AudioClip) -> float:
    """How long the tone lasts, in ms."""
    audible = np.flatnonzero(np.abs(sound.pcm) > 0.01)
    return float(audible[-1] - audible[0]) * 1000 / sound.rate


async def begun(marker: Path) -> None:
    """Wait until the driver is in the middle of the phrase that begins with "once"."""
    while not marker.exists():
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("what", ["hang", "crash", "raise", "cut", "rubbish"])
async def test_a_phrase_that_went_wrong_is_tried_once_more_and_is_whole(speaker, what):
    text = f"once {what} again"
    sound = await speaker.synthesize(text, ANNA)
    assert tone_ms(sound) == pytest.approx(len(text) * 10, abs=8)
    assert (await speaker.synthesize("the next phrase", ANNA)).seconds > 0.1


async def test_a_driver_that_hangs_twice_is_an_error_with_a_way_out_and_the_next_phrase_is_spoken(speaker):
    with pytest.raises(SpeechError, match="failed twice on one phrase; it did not answer in time") as caught:
        await speaker.synthesize("hang", ANNA)
    assert "tts.timeout_s" in caught.value.hint
    assert hertz(await speaker.synthesize("the next phrase", ANNA)) == 440


async def test_a_driver_that_crashes_twice_is_an_error_with_its_last_words(speaker):
    with pytest.raises(SpeechError, match=r"it ended \(the driver fell over\)"):
        await speaker.synthesize("crash again", ANNA)


async def test_what_a_driver_prints_does_not_disturb_the_phrases(speaker):
    assert (await speaker.synthesize("chatter a lot", ANNA)).seconds > 0.1
    assert hertz(await speaker.synthesize("another one", BAO)) == 880


async def test_an_aiff_under_the_name_of_a_wav_is_read_as_what_it_is(speaker):
    text = "aiff is what macOS writes"
    sound = await speaker.synthesize(text, ANNA)
    assert (sound.rate, hertz(sound)) == (22_050, 440)
    assert tone_ms(sound) == pytest.approx(len(text) * 10, abs=8)


async def test_a_phrase_that_a_driver_finishes_after_its_loop_has_ended_is_waited_for(phrase_folder):
    synthesizer = Pyttsx3Synthesizer(TtsSettings(), driver="bad_driver")
    assert tone_ms(await synthesizer.synthesize("late but whole", ANNA)) == pytest.approx(140, abs=8)
    assert tone_ms(await synthesizer.synthesize("in time", ANNA)) == pytest.approx(70, abs=8)
    await synthesizer.close()


async def test_a_driver_that_silently_takes_another_voice_does_not_speak_with_it(speaker):
    await speaker.synthesize("a phrase", ANNA)
    with pytest.raises(SpeechError, match=r"cannot speak with the voice `bad\.ghost`"):
        await speaker.synthesize("a phrase", Voice(id="ghost"))
    assert hertz(await speaker.synthesize("a phrase", ANNA)) == 440


async def test_a_driver_that_renders_silence_gives_an_empty_sound(speaker):
    assert len((await speaker.synthesize("silence please", ANNA)).pcm) == 0


async def test_phrases_asked_for_at_once_come_in_their_own_voice_and_length(speaker):
    asked = [("one", ANNA), ("one two three", BAO), ("one two three four five six", ANNA)]
    sounds = await asyncio.gather(*(speaker.synthesize(text, voice) for text, voice in asked))
    assert [hertz(sound) for sound in sounds] == [440, 880, 440]
    assert [tone_ms(sound) for sound in sounds] == pytest.approx([30, 130, 270], abs=8)


async def test_a_cancelled_phrase_that_hangs_holds_up_the_next_only_briefly(phrase_folder, marker, hurried):
    synthesizer = Pyttsx3Synthesizer(TtsSettings(timeout_s=60), driver="bad_driver")
    hung = asyncio.create_task(synthesizer.synthesize("once hang for an hour", ANNA))
    behind = asyncio.create_task(synthesizer.synthesize("nobody waits for this either", ANNA))
    wanted = asyncio.create_task(synthesizer.synthesize("this one is wanted", BAO))
    await begun(marker)
    hung.cancel()
    behind.cancel()
    assert hertz(await asyncio.wait_for(wanted, 30)) == 880
    assert hung.cancelled()
    await synthesizer.close()


async def test_closing_in_the_middle_of_a_phrase_ends_the_helper(phrase_folder, marker, hurried):
    synthesizer = Pyttsx3Synthesizer(TtsSettings(timeout_s=60), driver="bad_driver")
    hung = asyncio.create_task(synthesizer.synthesize("once hang for an hour", ANNA))
    await begun(marker)
    await asyncio.wait_for(synthesizer.close(), 30)
    with pytest.raises(SpeechError):
        await hung
    assert list(phrase_folder.iterdir()) == []


async def test_no_speech_engine_is_an_error_that_says_what_to_install(impatient, phrase_folder):
    synthesizer = Pyttsx3Synthesizer(impatient, driver="missing_driver")
    with pytest.raises(SpeechError, match="do not have eSpeak") as caught:
        await synthesizer.synthesize("hello", ANNA)
    assert ("espeak-ng" if sys.platform == "linux" else "pyobjc") in caught.value.hint
    await synthesizer.close()


async def test_a_speech_engine_that_ends_when_it_is_loaded_is_an_error_with_its_last_words(impatient, phrase_folder):
    synthesizer = Pyttsx3Synthesizer(impatient, driver="dying_driver")
    with pytest.raises(SpeechError, match="phontab"):
        await synthesizer.voices()
    await synthesizer.close()


async def test_a_text_with_nothing_to_say_is_silence_and_asks_no_driver(impatient, phrase_folder):
    synthesizer = Pyttsx3Synthesizer(impatient, driver="missing_driver")
    assert len((await synthesizer.synthesize(" — …!", ANNA)).pcm) == 0
    await synthesizer.close()


async def test_a_phrase_is_spoken_though_the_system_has_tidied_the_folder_away(speaker, phrase_folder):
    await speaker.synthesize("a phrase", ANNA)
    for folder in phrase_folder.iterdir():
        shutil.rmtree(folder)
    assert hertz(await speaker.synthesize("another one", BAO)) == 880


async def test_volume_makes_a_voice_quieter_and_nothing_else(speaker):
    loud = await speaker.synthesize("a phrase", ANNA)
    quiet = await speaker.synthesize("a phrase", ANNA.model_copy(update={"volume": 0.25}))
    assert quiet.pcm == pytest.approx(loud.pcm * 0.25)


async def test_the_voices_are_listed_for_people(speaker):
    assert [(voice.id, voice.name, voice.languages) for voice in await speaker.voices()] == [
        ("bad.anna", "Anna", ("en",)),
        ("bad.ghost", "Ghost", ("en",)),
        ("bad.bao", "Bao", ("zh",)),
    ]
