"""Whether the character is meant, on the sample clock alone."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from voicemate.config.schema import AttentionSettings
from voicemate.core.pcm import CLOCK_HZ
from voicemate.turns.attention import (
    AnswerRequest,
    Attention,
    AttentionDecision,
    AttentionState,
    GoToSleep,
    Ignore,
    ObeyCommand,
    WakeUp,
)
from voicemate.turns.spoken_commands import Command

S = CLOCK_HZ
"""A second."""


class Talk:
    """A conversation in which the person says things and the character answers at once."""

    def __init__(self, wake_phrase: str = "", follow_up_s: float = 10, name: str = "Juniper"):
        self.attention = Attention(AttentionSettings(wake_phrase=wake_phrase, follow_up_s=follow_up_s), name)
        self.at = 0

    def say(self, text: str, after_s: float = 1, lasting_s: float = 1) -> AttentionDecision:
        began = self.at + round(after_s * S)
        self.at = began + round(lasting_s * S)
        meant = self.attention.decide(text, began)
        self.attention.commit(meant, self.at)
        if isinstance(meant, AnswerRequest | WakeUp):
            self.at += 3 * S
            self.attention.reply_ended(self.at)
        return meant

    @property
    def state(self) -> AttentionState:
        return self.attention.state(self.at)


def obeyed(meant: AttentionDecision) -> Command | None:
    return meant.command.command if isinstance(meant, ObeyCommand) else None


# ---------------------------------------------------------------- without a wake phrase


def test_without_a_wake_phrase_every_word_is_meant():
    talk = Talk()
    assert talk.say("What time is it?") == AnswerRequest("What time is it?")
    assert talk.say("And tomorrow?", after_s=3600) == AnswerRequest("And tomorrow?")


def test_without_a_wake_phrase_the_name_stays_in_the_sentence():
    assert Talk().say("Hey Juniper, what time is it?") == AnswerRequest("Hey Juniper, what time is it?")


@pytest.mark.parametrize(
    ("text", "command"),
    [("Stop.", Command.STOP), ("Let me think.", Command.WAIT), ("Go on, Juniper.", Command.GO_ON)],
)
def test_a_command_is_obeyed_instead_of_answered(text: str, command: Command):
    meant = Talk().say(text)
    assert obeyed(meant) is command
    assert isinstance(meant, ObeyCommand)
    assert meant.text == text


def test_sent_to_sleep_it_hears_nothing_but_being_woken():
    talk = Talk()
    assert talk.say("Go to sleep.") == GoToSleep()
    assert talk.state is AttentionState.ASLEEP
    assert talk.say("What time is it?") == Ignore("asleep")
    assert talk.say("Juniper, what time is it?") == Ignore("asleep")
    assert talk.say("Stop.") == Ignore("asleep")
    assert talk.say("Wake up, Juniper.") == WakeUp("Wake up, Juniper.")
    assert talk.say("What time is it?") == AnswerRequest("What time is it?")


def test_a_request_may_follow_the_waking_in_the_same_breath():
    talk = Talk()
    talk.say("Go to sleep.")
    assert talk.say("Wake up, Juniper! What time is it?") == WakeUp("What time is it?")


def test_asking_whether_it_is_there_is_answered_while_it_is():
    assert Talk().say("Are you there?") == AnswerRequest("Are you there?")


# ---------------------------------------------------------------- with one


def test_with_a_wake_phrase_only_what_calls_it_is_meant():
    talk = Talk("name")
    assert talk.say("What time is it?") == Ignore("not called by name")
    assert talk.state is AttentionState.NAME_NEEDED
    assert talk.say("Hey Juniper, what time is it?") == AnswerRequest("What time is it?")


def test_the_name_alone_is_a_turn_too():
    assert Talk("name").say("Juniper?") == AnswerRequest("Juniper?")


def test_any_other_phrase_can_be_chosen():
    talk = Talk("hey computer")
    assert talk.say("Juniper, what time is it?") == Ignore("not called by name")
    assert talk.say("Hey Computer, what time is it?") == AnswerRequest("What time is it?")


def test_after_a_reply_no_name_is_needed_for_a_while():
    talk = Talk("name", follow_up_s=10)
    talk.say("Juniper, what time is it?")
    assert talk.say("And tomorrow?", after_s=9.5, lasting_s=5) == AnswerRequest("And tomorrow?")  # began in time
    assert talk.say("And then?", after_s=9) != Ignore("not called by name")  # the window began anew
    assert talk.say("And who are you?", after_s=10.5) == Ignore("not called by name")


def test_a_window_of_no_length_asks_for_the_name_every_time():
    talk = Talk("name", follow_up_s=0)
    talk.say("Juniper, what time is it?")
    assert talk.say("And tomorrow?") == Ignore("not called by name")


def test_what_is_said_while_it_answers_is_meant():
    attention = Attention(AttentionSettings(wake_phrase="name"), "Juniper")
    attention.commit(attention.decide("Juniper, tell me everything.", 0), S)
    assert attention.decide("No, wait, something else.", 3600 * S) == AnswerRequest("No, wait, something else.")


def test_a_greeting_opens_the_window_too():
    attention = Attention(AttentionSettings(wake_phrase="name", follow_up_s=10), "Juniper")
    attention.reply_began()
    attention.reply_ended(2 * S)
    assert attention.decide("Good morning.", 5 * S) == AnswerRequest("Good morning.")


def test_stop_needs_no_name_but_wins_no_attention():
    talk = Talk("name")
    assert obeyed(talk.say("Stop.")) is Command.STOP
    assert talk.state is AttentionState.NAME_NEEDED


def test_let_me_think_keeps_its_attention_longer():
    talk = Talk("name", follow_up_s=10)
    talk.say("Juniper, hello.")
    assert obeyed(talk.say("Let me think.")) is Command.WAIT
    assert talk.say("All right, I have an idea.", after_s=20) == AnswerRequest("All right, I have an idea.")


def test_other_commands_need_the_name():
    talk = Talk("name")
    assert talk.say("Go to sleep.") == Ignore("not called by name")
    assert talk.say("Juniper, go to sleep.") == GoToSleep()


def test_asleep_it_is_woken_by_name():
    talk = Talk("name")
    talk.say("Juniper, go to sleep.")
    assert talk.say("Wake up!") == Ignore("asleep, and not called by name")
    assert talk.say("Juniper, what time is it?") == Ignore("asleep")
    assert talk.say("Juniper, wake up.") == WakeUp("Juniper, wake up.")


def test_a_name_without_letters_leaves_everything_meant():
    assert Talk("name", name="✨").say("Hello.") == AnswerRequest("Hello.")


# ---------------------------------------------------------------- whatever happens

TEXTS = st.sampled_from(
    [
        *(
            "Hello.",
            "Juniper, hello.",
            "Stop.",
            "Go to sleep.",
            "Juniper, go to sleep.",
            "Wake up.",
            "Wake up, Juniper.",
        ),
        *("Let me think.", "Go on.", "", "Juniper", "小岚", "stop signs are red"),
    ]
)


class AnyConversation(RuleBasedStateMachine):
    wake_phrase = "name"

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention(AttentionSettings(wake_phrase=self.wake_phrase, follow_up_s=5), "Juniper")
        self.at = 0
        self.asleep = False
        self.answering = False

    @rule(text=TEXTS, wait_s=st.floats(0, 20))
    def hear(self, text: str, wait_s: float) -> None:
        began = self.at + round(wait_s * S)
        self.at = began + S
        before = self.attention.state(began)
        meant = self.attention.decide(text, began)
        assert self.attention.decide(text, began) == meant, "considering changes nothing"
        if before is AttentionState.ASLEEP:
            assert isinstance(meant, Ignore | WakeUp)
        else:
            assert not isinstance(meant, WakeUp)
        if before is AttentionState.ATTENTIVE:
            assert not isinstance(meant, Ignore)
        self.attention.commit(meant, self.at)
        self.asleep = isinstance(meant, GoToSleep) or (self.asleep and not isinstance(meant, WakeUp))
        self.answering = (self.answering or isinstance(meant, AnswerRequest | WakeUp)) and not self.asleep

    @rule(text=TEXTS, wait_s=st.floats(0, 20))
    def prepare_and_roll_back(self, text: str, wait_s: float) -> None:
        before = self.attention.state(self.at)
        self.attention.decide(text, self.at + round(wait_s * S))
        assert self.attention.state(self.at) is before

    @precondition(lambda self: self.answering)
    @rule(lasting_s=st.floats(0, 60))
    def reply_ends(self, lasting_s: float) -> None:
        self.at += round(lasting_s * S)
        self.attention.reply_ended(self.at)
        self.answering = False

    @invariant()
    def it_is_asleep_exactly_between_being_sent_to_sleep_and_woken(self) -> None:
        assert (self.attention.state(self.at) is AttentionState.ASLEEP) == self.asleep

    @invariant()
    def it_is_attentive_while_it_answers(self) -> None:
        if self.answering:
            assert self.attention.state(self.at + 3600 * S) is AttentionState.ATTENTIVE

    @invariant()
    def attention_ends_when_nothing_happens(self) -> None:
        if not self.answering and not self.asleep:
            idle = self.attention.state(self.at + 3600 * S)
            assert idle is (AttentionState.NAME_NEEDED if self.wake_phrase else AttentionState.ATTENTIVE)


class WithoutWakePhrase(AnyConversation):
    wake_phrase = ""


TestAnyConversation = AnyConversation.TestCase
TestAnyConversation.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestWithoutWakePhrase = WithoutWakePhrase.TestCase
TestWithoutWakePhrase.settings = TestAnyConversation.settings
