"""Sentences that steer the conversation, and those that only look like it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.turns.spoken_commands import Command, Patience, spoken_command
from voicemate.turns.wake_phrase import WakePhrase

JUNIPER = WakePhrase("Juniper")


def command(text: str) -> Command | None:
    found = spoken_command(text, JUNIPER)
    return found.command if found else None


@pytest.mark.parametrize(
    "text",
    [
        *("Stop.", "Stop!", "stop stop stop", "Okay, stop.", "No, stop!", "Oh, please stop talking, Juniper!"),
        *("Juniper, stop.", "Juniper stop", "Shut up!", "Be quiet, please.", "Shh!", "That's enough, thank you."),
        *("Could you please stop?", "Stop it now.", "Quiet!", "Hey, stop that."),
        *("Stopp!", "Hör auf!", "Hör bitte auf.", "Sei still!", "Halt den Mund.", "Es reicht jetzt."),
        *("Arrête !", "Arrête, s'il te plaît.", "Tais-toi !", "Chut !", "Ça suffit maintenant."),
        *("¡Para!", "Para, por favor.", "Cállate.", "¡Basta ya!", "Silencio."),
        *("停！", "停下来。", "停停停！", "别说了，好吗？", "別說了。", "闭嘴！", "安静一点。", "够了！"),
    ],
)
def test_stop_is_understood(text: str):
    assert command(text) is Command.STOP


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Go to sleep.", Command.SLEEP),
        ("Okay Juniper, you can go to sleep now.", Command.SLEEP),
        ("Stop listening.", Command.SLEEP),
        ("Geh schlafen.", Command.SLEEP),
        ("Va dormir.", Command.SLEEP),
        ("Vete a dormir.", Command.SLEEP),
        ("去睡觉吧。", Command.SLEEP),
        ("Wake up, Juniper.", Command.WAKE),
        ("Juniper, wake up!", Command.WAKE),
        ("Wach auf!", Command.WAKE),
        ("Réveille-toi !", Command.WAKE),
        ("Despierta.", Command.WAKE),
        ("醒醒！", Command.WAKE),
        ("Let me think.", Command.WAIT),
        ("Hmm, let me think about that for a moment...", Command.WAIT),
        ("One moment, please.", Command.WAIT),
        ("Wait, wait, wait.", Command.WAIT),
        ("Take your time.", Command.WAIT),
        ("Lass mich kurz überlegen.", Command.WAIT),
        ("Einen Moment, bitte.", Command.WAIT),
        ("Laisse-moi réfléchir.", Command.WAIT),
        ("Déjame pensar.", Command.WAIT),
        ("让我想想。", Command.WAIT),
        ("讓我想一想。", Command.WAIT),
        ("Go on.", Command.GO_ON),
        ("Please continue.", Command.GO_ON),
        ("Don't stop!", Command.GO_ON),
        ("No, please don't stop.", Command.GO_ON),
        ("Mach weiter.", Command.GO_ON),
        ("Continue, s'il te plaît.", Command.GO_ON),
        ("Sigue, por favor.", Command.GO_ON),
        ("继续说。", Command.GO_ON),
        ("不要停。", Command.GO_ON),
    ],
)
def test_a_command_is_understood(text: str, meant: Command):
    assert command(text) is meant


@pytest.mark.parametrize(
    "text",
    [
        *("Stop signs are red.", "I can't stop.", "When does the bus stop?", "Non-stop!", "Stop by tomorrow."),
        *("How long did you wait?", "Let me think about the garden.", "I went to sleep at ten.", "Sleep."),
        *("One minute.", "Did you wake up early?", "Continue the story with a dragon.", "Enough people came."),
        *("Juniper", "Please.", "Okay, thank you.", "Yes.", "", "Take your time machine and go."),
        *(
            "No para nunca.",
            "Il n'arrête pas.",
            "Er hört nicht auf.",
            "公共汽车站在哪里？",
            "我不想睡觉。",
            "不停地下雨。",
        ),
    ],
)
def test_a_sentence_to_answer_is_no_command(text: str):
    assert command(text) is None


def test_of_several_commands_the_last_counts():
    assert command("Wait. Stop.") is Command.STOP
    assert command("Stop, go to sleep.") is Command.SLEEP


def test_a_strangers_name_makes_it_a_sentence_to_answer():
    assert command("Stop it, Christopher.") is None


def test_time_to_think_holds_for_a_turn_and_taking_ones_time_for_some():
    moment, taking_time = spoken_command("Let me think."), spoken_command("Take your time.")
    assert moment is not None
    assert taking_time is not None
    assert moment.patience.factor > 1
    assert moment.patience.after_turn() == Patience()
    left = taking_time.patience.after_turn()
    assert (left.factor, left.turns) == (taking_time.patience.factor, taking_time.patience.turns - 1)


def test_patience_that_is_used_up_stays_so():
    assert Patience().after_turn() == Patience()
    assert Patience().factor == 1


BEFORE = st.sampled_from(["", "Please ", "Oh, ", "Okay, ", "Juniper, ", "Hey Juniper, ", "Hmm, ", "Well, "])
AFTER = st.sampled_from(["", ".", "!", ", please.", " now.", ", Juniper.", ", thank you!", " for a moment, please."])


@settings(deadline=None)
@given(BEFORE, st.sampled_from(["stop", "be quiet", "shut up", "stop talking"]), AFTER)
def test_stop_works_however_it_is_wrapped(before: str, stop: str, after: str):
    assert command(f"{before}{stop}{after}") is Command.STOP


@settings(deadline=None)
@given(st.sampled_from(["stop", "go to sleep", "wait", "go on"]), st.sampled_from(["the car", "signs", "with Anna"]))
def test_nothing_inside_a_longer_sentence_is_a_command(words: str, more: str):
    assert command(f"{words} {more}") is None
    assert command(f"they {words} {more}") is None
