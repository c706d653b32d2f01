"""The floor: who may speak, decided on the sample clock alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.conversation.floors import BARGE_IN, ENDPOINT, ms, new_floor
from voicemate.config.schema import SpeculationSettings, TurnSettings
from voicemate.core.events import FloorState
from voicemate.turns.end_of_turn.rule import EndOfTurnSignals
from voicemate.turns.floor import Floor
from voicemate.turns.messages import (
    CommitTurn,
    DiscardGeneration,
    DuckPlayback,
    EndSpeech,
    EnterState,
    FloorAction,
    FloorInput,
    GenerationFailed,
    Interrupt,
    KeyDown,
    KeyUp,
    PausePlayback,
    PowerChanged,
    RejectSpeech,
    ReplyAudible,
    ReplyReady,
    ReplySilent,
    ResumePlayback,
    RetractReply,
    StartGeneration,
    StopPlayback,
    Tick,
    TypedTurn,
    UnduckPlayback,
    VoiceOff,
    VoiceOn,
    WordsJudged,
)

BREAKS_OFF = EndOfTurnSignals(breaks_off=True)


def play(floor: Floor, *inputs: FloorInput) -> list[FloorAction]:
    return [act for given_input in inputs for act in floor.step(given_input)]


def kinds(acts: list[FloorAction]) -> list[type[FloorAction]]:
    return [type(act) for act in acts if not isinstance(act, EnterState)]


def commits(acts: list[FloorAction]) -> list[CommitTurn]:
    return [act for act in acts if isinstance(act, CommitTurn)]


@pytest.fixture
def floor() -> Floor:
    return new_floor()


@pytest.fixture
def speaking(floor: Floor) -> Floor:
    """The character answers what was said from 200 to 1000 ms, and is heard since 1600 ms."""
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)), WordsJudged(ms(1300), 1, has_words=True))
    play(floor, Tick(ms(1500)), ReplyAudible(ms(1600)))
    assert floor.state is FloorState.SPEAKING
    return floor


# ---------------------------------------------------------------- the person's turn


def test_work_on_a_reply_begins_at_the_first_pause(floor: Floor) -> None:
    acts = play(floor, VoiceOn(ms(300), began=ms(200)), VoiceOff(ms(1128), ended=ms(1000)))
    assert acts == [EnterState(FloorState.HEARING, "a voice"), StartGeneration(1, ms(200), ms(1000))]


def test_a_prepared_reply_is_let_out_when_the_silence_has_lasted(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)), WordsJudged(ms(1300), 1, has_words=True))
    assert kinds(play(floor, Tick(ms(1499)))) == []
    assert kinds(play(floor, Tick(ms(1500)))) == [CommitTurn]


def test_words_that_break_off_are_given_more_time(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)))
    play(floor, WordsJudged(ms(1300), 1, has_words=True, signals=BREAKS_OFF))
    assert kinds(play(floor, Tick(ms(2199)))) == []
    assert kinds(play(floor, Tick(ms(2200)))) == [CommitTurn]


def test_the_patience_that_was_asked_for_makes_every_wait_longer(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)))
    play(floor, WordsJudged(ms(1300), 1, has_words=True, patience=2.0))
    assert kinds(play(floor, Tick(ms(1999)))) == []
    assert kinds(play(floor, Tick(ms(2000)))) == [CommitTurn]


def test_going_on_after_a_pause_drops_the_reply_and_keeps_the_beginning(floor: Floor) -> None:
    acts = play(
        floor,
        VoiceOn(ms(300), ms(200)),
        VoiceOff(ms(1128), ms(1000)),
        WordsJudged(ms(1300), 1, has_words=True),
        VoiceOn(ms(1400), ms(1350)),
        VoiceOff(ms(2128), ms(2000)),
    )
    assert kinds(acts) == [StartGeneration, DiscardGeneration, StartGeneration]
    assert acts[-1] == StartGeneration(2, began=ms(200), ended=ms(2000))


def test_going_on_before_the_reply_is_audible_makes_both_halves_one_turn(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)), WordsJudged(ms(1300), 1, has_words=True))
    assert kinds(play(floor, Tick(ms(1500)))) == [CommitTurn]
    acts = play(floor, VoiceOn(ms(1600), ms(1550)), VoiceOff(ms(2200), ms(2072)))
    assert kinds(acts) == [DiscardGeneration, StartGeneration]
    assert acts[-1] == StartGeneration(2, began=ms(200), ended=ms(2072))


def test_slow_words_are_waited_for_and_then_the_turn_ends_at_once(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)))
    assert play(floor, Tick(ms(1500))) == [EnterState(FloorState.THINKING, "waiting for the words")]
    assert kinds(play(floor, WordsJudged(ms(1700), 1, has_words=True))) == [CommitTurn]


def test_sound_that_is_no_speech_takes_no_turn(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)))
    acts = play(floor, WordsJudged(ms(1300), 1, has_words=False, interrupts=False, reason="keyboard"), Tick(ms(1500)))
    assert kinds(acts) == [RejectSpeech]
    assert floor.state is FloorState.LISTENING


def test_no_turn_ends_while_a_voice_may_be_coming_back(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)), WordsJudged(ms(1300), 1, has_words=True))
    assert play(floor, Tick(ms(1500), voice=True)) == []
    assert kinds(play(floor, Tick(ms(1532)))) == [CommitTurn]


# ---------------------------------------------------------------- a reply that is not ready


@pytest.fixture
def unready() -> Floor:
    """The person is done since 1000 ms, by the words since 1500; the reply is not there."""
    floor = new_floor(reply_ms=200)
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)), WordsJudged(ms(1300), 1, has_words=True))
    assert play(floor, Tick(ms(1500))) == []
    return floor


def test_a_turn_stays_open_until_its_reply_is_ready(unready: Floor) -> None:
    (committed,) = commits(play(unready, Tick(ms(1532)), ReplyReady(ms(1540), 1)))
    assert (committed.generation_id, committed.ended, committed.due_at) == (1, ms(1000), ms(1500))
    assert committed.reason.startswith("540 ms of silence; ")
    assert committed.reason.endswith("; the reply was ready 40 ms later")


def test_a_turn_stays_open_only_so_long(unready: Floor) -> None:
    assert kinds(play(unready, Tick(ms(1699)))) == []
    (committed,) = commits(play(unready, Tick(ms(1700))))
    assert committed.reason.endswith("; the reply is late")
    assert kinds(play(unready, ReplyReady(ms(1800), 1))) == []


def test_a_reply_that_is_ready_before_the_silence_is_long_enough_goes_out_with_it() -> None:
    floor = new_floor(reply_ms=200)
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)), WordsJudged(ms(1300), 1, has_words=True))
    assert kinds(play(floor, ReplyReady(ms(1400), 1), Tick(ms(1499)))) == []
    (committed,) = commits(play(floor, Tick(ms(1500))))
    assert committed.due_at is None


def test_going_on_while_the_reply_is_waited_for_makes_one_turn(unready: Floor) -> None:
    assert play(unready, Tick(ms(1532), voice=True), ReplyReady(ms(1540), 1)) == []
    acts = play(unready, VoiceOn(ms(1596), ms(1520)), VoiceOff(ms(2128), ms(2000)), ReplyReady(ms(2200), 1))
    assert kinds(acts) == [DiscardGeneration, StartGeneration]
    assert acts[-1] == StartGeneration(2, ms(200), ms(2000))
    assert kinds(play(unready, WordsJudged(ms(2400), 2, has_words=True), Tick(ms(2500)))) == [], (
        "the new one is not ready"
    )


def test_a_cough_while_the_reply_is_waited_for_does_not_lose_it(unready: Floor) -> None:
    acts = play(unready, Tick(ms(1532), voice=True), ReplyReady(ms(1540), 1), Tick(ms(1564)))
    assert kinds(acts) == [CommitTurn]


def test_a_turn_at_the_very_beginning_stays_open_no_longer() -> None:
    floor = new_floor(reply_ms=200)
    floor.step(VoiceOn(0, 0))
    floor.step(VoiceOff(0, -ms(500)))
    assert play(floor, WordsJudged(0, 1, has_words=True), Tick(ms(199))) == []
    assert kinds(play(floor, Tick(ms(200)))) == [CommitTurn]


def test_the_key_waits_for_no_reply(unready: Floor) -> None:
    play(unready, KeyDown(ms(1510)))
    assert kinds(play(unready, KeyUp(ms(2000)), Tick(ms(2048)))) == [CommitTurn]


def test_a_typed_turn_is_over_at_once(floor: Floor) -> None:
    assert kinds(play(floor, TypedTurn(ms(100)))) == [StartGeneration, CommitTurn]
    assert floor.state is FloorState.THINKING


def test_a_verdict_on_a_dropped_preparation_changes_nothing(floor: Floor) -> None:
    play(floor, VoiceOn(0, 0), VoiceOff(ms(1128), ms(1000)), VoiceOn(ms(1300), ms(1250)))
    play(floor, VoiceOff(ms(2128), ms(2000)))
    assert play(floor, WordsJudged(ms(2200), 1, has_words=True), Tick(ms(2400))) == []


def test_a_reply_that_breaks_off_gives_the_floor_back(floor: Floor) -> None:
    play(floor, VoiceOn(0, 0), VoiceOff(ms(1128), ms(1000)))
    acts = play(floor, GenerationFailed(ms(1200), 1, "the model broke"))
    assert kinds(acts) == [DiscardGeneration]
    assert floor.state is FloorState.LISTENING


def test_the_floor_is_free_again_when_the_character_is_done(speaking: Floor) -> None:
    assert play(speaking, ReplySilent(ms(3000)))[-1] == EnterState(FloorState.LISTENING, "the character is done")


@given(st.integers(0, 3000), st.booleans())
def test_a_turn_never_ends_before_its_silence(waited: int, breaks_off: bool) -> None:
    floor = Floor(ENDPOINT)
    votes = BREAKS_OFF if breaks_off else EndOfTurnSignals()
    play(floor, VoiceOn(0, 0), VoiceOff(ms(1000), ms(900)), WordsJudged(ms(950), 1, has_words=True, signals=votes))
    needed = ENDPOINT.broken_off_ms if breaks_off else ENDPOINT.longest_ms
    assert (CommitTurn in kinds(play(floor, Tick(ms(900 + waited))))) == (waited >= needed)


def test_on_battery_work_begins_only_when_the_pause_lasts(floor: Floor) -> None:
    play(floor, PowerChanged(0, on_battery=True), VoiceOn(ms(300), ms(200)))
    assert kinds(play(floor, VoiceOff(ms(1064), ms(1000)), Tick(ms(1249)))) == []
    assert kinds(play(floor, Tick(ms(1250)))) == [StartGeneration]


def test_a_greeting_that_fails_does_not_take_the_turn_of_a_person_who_was_not_answered_yet(floor: Floor) -> None:
    """Its number is 0, and so is the number of a turn that nothing was prepared for."""
    play(floor, PowerChanged(0, on_battery=True), VoiceOn(ms(300), ms(200)), VoiceOff(ms(1064), ms(1000)))
    assert (
        play(floor, GenerationFailed(ms(1100), 0, "the voice broke"), WordsJudged(ms(1100), 0, has_words=False)) == []
    )
    assert kinds(play(floor, Tick(ms(1250)))) == [StartGeneration]


def test_work_that_is_mostly_in_vain_begins_later() -> None:
    floor = Floor(ENDPOINT, speculation=SpeculationSettings(careful_pause_ms=250))
    play(floor, VoiceOn(0, 0))
    for pause in range(1, 12):
        at = 1000 * pause
        words = WordsJudged(ms(at + 180), pause, has_words=True, signals=EndOfTurnSignals(sentence_complete=0.001))
        acts = play(floor, VoiceOff(ms(at + 32), ms(at)), words, VoiceOn(ms(at + 200), 0))
    assert kinds(acts) == []


def test_a_breath_between_two_words_costs_too_little_to_be_in_vain() -> None:
    floor = Floor(ENDPOINT, speculation=SpeculationSettings(careful_pause_ms=250))
    play(floor, VoiceOn(0, 0))
    for pause in range(1, 30):
        acts = play(floor, VoiceOff(ms(1000 * pause + 32), ms(1000 * pause)), VoiceOn(ms(1000 * pause + 120), 0))
    assert kinds(acts) == [StartGeneration, DiscardGeneration]


# ---------------------------------------------------------------- over the character's voice


def test_the_character_gets_quieter_at_the_first_sign_of_a_voice(speaking: Floor) -> None:
    assert kinds(play(speaking, Tick(ms(3000), voice=True))) == [DuckPlayback]
    assert kinds(play(speaking, Tick(ms(3032)))) == [UnduckPlayback]


def test_it_holds_its_breath_when_the_sign_lasts_and_goes_on_when_it_was_nothing(speaking: Floor) -> None:
    acts = play(speaking, *(Tick(ms(3000 + 32 * block), voice=True) for block in range(4)))
    assert kinds(acts) == [DuckPlayback, PausePlayback]
    assert kinds(play(speaking, Tick(ms(3160)))) == [ResumePlayback]
    assert speaking.state is FloorState.SPEAKING


def test_a_cough_lets_it_go_on(speaking: Floor) -> None:
    acts = play(speaking, VoiceOn(ms(3100), ms(3000)), VoiceOff(ms(3400), ms(3300)))
    assert kinds(acts) == [PausePlayback, StartGeneration]
    assert speaking.state is FloorState.OVERLAPPING
    assert kinds(play(speaking, WordsJudged(ms(3600), 2, has_words=False, interrupts=False, reason="(coughs)"))) == [
        RejectSpeech,
        ResumePlayback,
    ]
    assert speaking.state is FloorState.SPEAKING


def test_words_that_bid_for_the_floor_cut_it_off_and_are_answered(speaking: Floor) -> None:
    play(speaking, VoiceOn(ms(3100), ms(3000)), VoiceOff(ms(3400), ms(3300)))
    assert kinds(play(speaking, WordsJudged(ms(3600), 2, has_words=True))) == [StopPlayback]
    assert kinds(play(speaking, Tick(ms(3800)))) == [CommitTurn]


def test_a_long_voice_takes_the_floor_whatever_it_says(speaking: Floor) -> None:
    play(speaking, VoiceOn(ms(3100), ms(3000)))
    assert kinds(play(speaking, Tick(ms(3699), voice=True))) == []
    assert kinds(play(speaking, Tick(ms(3700), voice=True))) == [StopPlayback]
    assert speaking.state is FloorState.HEARING


def test_a_spoken_stop_cuts_it_off_and_is_not_answered(speaking: Floor) -> None:
    play(speaking, VoiceOn(ms(3100), ms(3000)), VoiceOff(ms(3400), ms(3300)))
    assert kinds(play(speaking, WordsJudged(ms(3600), 2, has_words=False, interrupts=True, reason="stop"))) == [
        StopPlayback
    ]
    assert kinds(play(speaking, Tick(ms(3800)))) == [RejectSpeech]
    assert speaking.state is FloorState.LISTENING


def test_whoever_goes_on_right_after_the_first_word_was_not_done(speaking: Floor) -> None:
    play(speaking, VoiceOn(ms(2100), ms(2000)))
    acts = play(speaking, Tick(ms(2700), voice=True))
    assert kinds(acts) == [RetractReply]
    acts = play(speaking, VoiceOff(ms(3100), ms(3000)))
    assert acts == [StartGeneration(2, began=ms(200), ended=ms(3000))], "both halves are one turn"


def test_whoever_was_cut_in_on_is_given_more_time_from_then_on() -> None:
    floor = Floor(TurnSettings(shortest_ms=300, longest_ms=2000, reply_wait_ms=0), BARGE_IN)
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)))
    play(
        floor,
        WordsJudged(ms(1200), 1, has_words=True, signals=EndOfTurnSignals(sentence_complete=1.0)),
        Tick(ms(2000)),
        ReplyAudible(ms(2050)),
    )
    play(floor, VoiceOn(ms(2400), ms(2300)), Tick(ms(3000), voice=True))
    assert floor.pause_model.typical_ms == pytest.approx(1300)


def test_a_reply_that_ends_while_it_holds_its_breath_leaves_the_floor_to_the_voice(speaking: Floor) -> None:
    play(speaking, VoiceOn(ms(3100), ms(3000)), ReplySilent(ms(3150)))
    assert speaking.state is FloorState.HEARING
    assert kinds(play(speaking, VoiceOff(ms(3700), ms(3600)))) == [StartGeneration]


# ---------------------------------------------------------------- the key


def test_while_the_key_is_down_no_silence_ends_the_turn(floor: Floor) -> None:
    play(
        floor,
        KeyDown(0),
        VoiceOn(ms(300), ms(200)),
        VoiceOff(ms(1128), ms(1000)),
        WordsJudged(ms(1300), 1, has_words=True),
    )
    assert kinds(play(floor, Tick(ms(9000)))) == []


def test_when_the_key_comes_up_the_prepared_reply_is_let_out_after_the_tail(floor: Floor) -> None:
    play(
        floor,
        KeyDown(0),
        VoiceOn(ms(300), ms(200)),
        VoiceOff(ms(1128), ms(1000)),
        WordsJudged(ms(1130), 1, has_words=True),
    )
    assert kinds(play(floor, KeyUp(ms(1050)), Tick(ms(1199)))) == []
    assert kinds(play(floor, Tick(ms(1200)))) == [CommitTurn]


def test_whoever_was_done_before_the_key_came_up_does_not_wait_for_the_tail(floor: Floor) -> None:
    play(
        floor,
        KeyDown(0),
        VoiceOn(ms(300), ms(200)),
        VoiceOff(ms(1128), ms(1000)),
        WordsJudged(ms(1300), 1, has_words=True),
    )
    assert kinds(play(floor, KeyUp(ms(1400)), Tick(ms(1380)))) == [], "the sound until then has not all come yet"
    assert kinds(play(floor, Tick(ms(1412)))) == [CommitTurn]


def test_a_word_that_has_just_begun_when_the_key_comes_up_is_waited_for(floor: Floor) -> None:
    play(
        floor,
        KeyDown(0),
        VoiceOn(ms(300), ms(200)),
        VoiceOff(ms(1128), ms(1000)),
        WordsJudged(ms(1300), 1, has_words=True),
    )
    assert kinds(play(floor, KeyUp(ms(1400)), Tick(ms(1412), voice=True))) == []
    assert kinds(play(floor, VoiceOn(ms(1470), ms(1390)))) == [DiscardGeneration]


def test_the_key_ends_a_turn_in_the_middle_of_a_word(floor: Floor) -> None:
    play(floor, KeyDown(0), VoiceOn(ms(300), ms(200)), KeyUp(ms(1000)))
    assert kinds(play(floor, Tick(ms(1200), voice=True))) == [EndSpeech]
    assert kinds(play(floor, VoiceOff(ms(1200), ms(1190)), WordsJudged(ms(1400), 1, has_words=True))) == [
        StartGeneration,
        CommitTurn,
    ]


def test_a_tap_on_the_key_does_nothing(floor: Floor) -> None:
    assert kinds(play(floor, KeyDown(0), KeyUp(ms(80)), Tick(ms(300)))) == []
    assert floor.state is FloorState.LISTENING


def test_a_tap_does_not_end_what_somebody_says_without_the_key(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), KeyDown(ms(600)), KeyUp(ms(700)))
    assert kinds(play(floor, Tick(ms(1000), voice=True))) == []
    play(floor, VoiceOff(ms(1128), ms(1000)), WordsJudged(ms(1300), 1, has_words=True))
    assert kinds(play(floor, Tick(ms(1499)))) == []
    assert kinds(play(floor, Tick(ms(1500)))) == [CommitTurn], "the silence ends it, as without the key"


def test_a_longer_press_ends_what_somebody_says(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), KeyDown(ms(600)), KeyUp(ms(900)))
    assert kinds(play(floor, Tick(ms(1100), voice=True))) == [EndSpeech]


def test_a_second_tap_right_after_the_first_leaves_the_floor_free(floor: Floor) -> None:
    play(floor, KeyDown(0), KeyUp(ms(80)), KeyDown(ms(160)), KeyUp(ms(240)), Tick(ms(500)))
    assert floor.state is FloorState.LISTENING


def test_the_key_cuts_the_character_off(speaking: Floor) -> None:
    assert kinds(play(speaking, KeyDown(ms(4000)))) == [StopPlayback]
    assert speaking.state is FloorState.HEARING


def test_stop_silences_whatever_goes_on(speaking: Floor) -> None:
    assert kinds(play(speaking, Interrupt(ms(4000), "stop"))) == [StopPlayback]
    assert speaking.state is FloorState.LISTENING
