"""What the person's words mean for the conversation."""

import pytest

from voicemate.config.schema import AttentionSettings
from voicemate.conversation.interpretation import Interpretation, SpeechContext, interpret, with_model_signals
from voicemate.conversation.recognizer import Recognition
from voicemate.core.pcm import to_samples
from voicemate.turns.attention import Attention, ObeyCommand
from voicemate.turns.spoken_commands import Command


def interpreted(text: str, context: SpeechContext | None = None, wake_phrase: str = "") -> Interpretation:
    attention = Attention(AttentionSettings(wake_phrase=wake_phrase), "Juniper")
    recognition = Recognition(text, "en", has_words=True)
    return interpret(recognition, context or SpeechContext(0, to_samples(1_000)), attention)


def test_words_are_a_turn() -> None:
    found = interpreted("What is the time?")
    assert (found.words, found.language, found.interrupts) == ("What is the time?", "en", True)


def test_words_that_break_off_say_so() -> None:
    assert interpreted("I went there and").signals.breaks_off
    assert not interpreted("I went there.").signals.breaks_off


def test_a_sound_without_words_is_no_turn() -> None:
    recognition = Recognition("(cough)", "en", has_words=False, reason="a sound")
    found = interpret(recognition, SpeechContext(0, 8_000), Attention(AttentionSettings(), "Juniper"))
    assert (found.words, found.interrupts, found.reason) == ("", False, "a sound")


def test_noise_after_the_first_half_of_a_turn_leaves_the_half_a_turn() -> None:
    recognition = Recognition("(cough)", "en", has_words=False, reason="a sound")
    context = SpeechContext(0, 8_000, said_before="I would like")
    found = interpret(recognition, context, Attention(AttentionSettings(), "Juniper"))
    assert found.words == "I would like"


def test_both_halves_of_a_turn_are_answered_together() -> None:
    found = interpreted("some tea please", SpeechContext(0, 16_000, said_before="I would like"))
    assert found.words == "I would like some tea please"


def test_the_characters_own_words_over_its_voice_are_nothing() -> None:
    found = interpreted("the weather is fine", SpeechContext(0, 16_000, playing="The weather is fine today."))
    assert (found.words, found.interrupts) == ("", False)


def test_a_sign_of_listening_does_not_interrupt() -> None:
    found = interpreted("mhm", SpeechContext(0, to_samples(300), playing="The weather is fine today."))
    assert (found.words, found.interrupts) == ("", False)


def test_a_sentence_over_the_characters_voice_interrupts() -> None:
    context = SpeechContext(0, to_samples(1_500), playing="The weather is fine today.")
    found = interpreted("Wait, what about tomorrow morning?", context)
    assert found.interrupts
    assert found.words


def test_a_command_is_carried_out_and_not_answered() -> None:
    found = interpreted("Stop.")
    assert found.words == ""
    assert found.interrupts
    assert isinstance(found.decision, ObeyCommand)
    assert found.decision.command.command is Command.STOP


def test_without_the_wake_phrase_nothing_is_meant_for_the_character() -> None:
    found = interpreted("What is the time?", wake_phrase="name")
    assert (found.words, found.interrupts) == ("", False)
    assert found.reason


@pytest.mark.parametrize(("sentence", "voice"), [(0.9, None), (None, 0.2), (0.3, 0.4)])
def test_the_models_signals_are_added_to_those_of_the_words(sentence: float | None, voice: float | None) -> None:
    found = with_model_signals(interpreted("I went there and"), sentence, voice)
    assert (found.signals.sentence_complete, found.signals.voice_complete, found.signals.breaks_off) == (
        sentence,
        voice,
        True,
    )
