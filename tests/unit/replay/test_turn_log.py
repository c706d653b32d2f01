"""What counts as a turn, as a false cut-in, and as the same turn."""

from voicemate.core.pcm import to_samples
from voicemate.replay.turn_log import LoggedTurn, TurnLog, pair_turns
from voicemate.turns.messages import (
    CommitTurn,
    DiscardGeneration,
    ReplyAudible,
    ReplySilent,
    RetractReply,
    StopPlayback,
    Tick,
)

SECOND = to_samples(1000)


def turn(
    number: int, began: float, ended: float, audible: float | None = None, silent: float | None = None
) -> LoggedTurn:
    def at(seconds: float | None) -> int | None:
        return None if seconds is None else round(seconds * SECOND)

    decided = round((ended + 0.5) * SECOND)
    return LoggedTurn(number, round(began * SECOND), round(ended * SECOND), decided, "", at(audible), at(silent))


def committed(number: int) -> CommitTurn:
    return CommitTurn(number, 0, SECOND, "silence")


def test_a_turn_is_logged_from_its_decision_to_the_end_of_its_reply() -> None:
    log = TurnLog()
    log.on_step(Tick(2 * SECOND), [committed(1)])
    log.on_step(ReplyAudible(3 * SECOND), [])
    log.on_step(ReplySilent(4 * SECOND), [])
    (taken,) = log.turns
    assert (taken.wait_ms, taken.gap_ms, taken.silent_at) == (1000, 2000, 4 * SECOND)


def test_a_turn_discarded_before_its_reply_is_audible_does_not_count() -> None:
    log = TurnLog()
    log.on_step(Tick(2 * SECOND), [committed(1)])
    log.on_step(Tick(3 * SECOND), [DiscardGeneration(1, "the person went on")])
    assert log.turns == []


def test_discarding_another_generation_keeps_the_turn() -> None:
    log = TurnLog()
    log.on_step(Tick(2 * SECOND), [committed(1)])
    log.on_step(ReplyAudible(3 * SECOND), [])
    log.on_step(Tick(4 * SECOND), [DiscardGeneration(2, "the person went on")])
    assert len(log.turns) == 1


def test_a_retracted_reply_is_a_false_cut_in_and_an_interrupted_one_is_not() -> None:
    for action, retracted in ((RetractReply(1, ""), True), (StopPlayback(1, ""), False)):
        log = TurnLog()
        log.on_step(Tick(2 * SECOND), [committed(1)])
        log.on_step(ReplyAudible(3 * SECOND), [])
        log.on_step(Tick(4 * SECOND), [action])
        log.on_step(ReplySilent(5 * SECOND), [])
        (taken,) = log.turns
        assert taken.silent_at is None
        assert taken.is_false_cut_in([]) is retracted


def test_a_person_who_goes_on_soon_after_the_reply_began_was_not_done() -> None:
    reply = turn(1, 0, 2, audible=3, silent=8)
    assert reply.is_false_cut_in([to_samples(4_400)])
    assert not reply.is_false_cut_in([to_samples(4_600)])
    assert reply.is_false_cut_in([to_samples(1_000), to_samples(2_100)]), "noticed too late to stop the reply"
    assert not reply.is_false_cut_in([to_samples(1_000)])


def test_an_answer_to_a_short_reply_is_not_a_false_cut_in() -> None:
    assert not turn(1, 0, 2, audible=3, silent=3.3).is_false_cut_in([to_samples(3_900)])


def test_turns_are_paired_by_shared_speech() -> None:
    whole, first, second, later = turn(1, 0, 4), turn(1, 0, 2), turn(2, 2, 4), turn(3, 6, 7)
    pairs = pair_turns([whole, later], [first, second, later])
    assert [(one.recorded, one.replayed) for one in pairs] == [(whole, first), (None, second), (later, later)]
    assert [(one.recorded, one.replayed) for one in pair_turns([first, second], [whole])] == [
        (first, whole),
        (second, None),
    ]
    assert [(one.recorded, one.replayed) for one in pair_turns([], [later])] == [(None, later)]
