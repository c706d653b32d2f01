"""Shows replays as text or JSON."""

from statistics import median
from typing import Any

from rich.table import Table
from rich.text import Text

from voicemate import __version__
from voicemate.cli.render.output import count, print_json, print_note, stdout_console
from voicemate.core.pcm import CLOCK_HZ
from voicemate.recording.recording import Recording
from voicemate.replay.counterfactual import ReplayOutcome
from voicemate.replay.recorded_session import RecordedSession
from voicemate.replay.replayer import ReplayDifference, ReplayResult
from voicemate.replay.turn_log import LoggedTurn, TurnPair, pair_turns

# ---------------------------------------------------------------- replay


def print_result(recording: Recording, verdict: ReplayResult, took_s: float, as_json: bool) -> None:
    """Print whether a replay made the same decisions, and how long it took."""
    if as_json:
        print_json(_recording_as_json(recording) | _result_as_json(verdict) | {"took_s": round(took_s, 3)})
        return
    console = stdout_console()
    console.print(Text(_title(recording), style="bold"), soft_wrap=True)
    if verdict.difference is None:
        speed = recording.seconds / took_s if took_s else 0.0
        console.print(
            Text(
                f"Identical: {verdict.actions} decisions on {verdict.steps} inputs, {recording.seconds:.0f} s in "
                f"{took_s:.1f} s ({speed:.0f} times faster than the conversation)."
            ),
            soft_wrap=True,
        )
        return
    different = verdict.difference
    console.print(
        Text(
            f"Different from {different.at / CLOCK_HZ:.3f} s on: the {different.component}, given {different.input}"
        ),
        soft_wrap=True,
    )
    console.print(Text(f"  then  {_format_decisions(different.recorded)}"), soft_wrap=True)
    console.print(Text(f"  now   {_format_decisions(different.replayed)}"), soft_wrap=True)


def _title(recording: Recording) -> str:
    header = recording.header
    made = header.created_at.astimezone()
    now = "" if header.version == __version__ else f", replayed with {__version__}"
    return f"{header.persona.get('name', '?')} · {made:%Y-%m-%d %H:%M} · voicemate {header.version}{now}"


def _format_decisions(decisions: tuple[Any, ...]) -> str:
    return ", ".join(map(repr, decisions)) or "nothing"


def _recording_as_json(recording: Recording) -> dict[str, Any]:
    return {
        "file": str(recording.path),
        "made": recording.header.created_at.isoformat(),
        "version": recording.header.version,
        "seconds": round(recording.seconds, 3),
        "ending": recording.ends.value,
    }


def _result_as_json(verdict: ReplayResult) -> dict[str, Any]:
    return {
        "identical": verdict.difference is None,
        "inputs": verdict.steps,
        "decisions": verdict.actions,
        "difference": _difference_as_json(verdict.difference) if verdict.difference else None,
    }


def _difference_as_json(difference: ReplayDifference) -> dict[str, Any]:
    return {
        "at": round(difference.at / CLOCK_HZ, 3),
        "who": difference.component,
        "given": difference.input,
        "then": [repr(one) for one in difference.recorded],
        "now": [repr(one) for one in difference.replayed],
    }


# ---------------------------------------------------------------- counterfactual


def print_counterfactual(
    recording: Recording,
    changes: dict[str, Any],
    past: RecordedSession,
    repeated: ReplayOutcome,
    now: ReplayOutcome,
    as_json: bool,
) -> None:
    """Print what would have happened with ``changes``, turn by turn.

    Args:
        recording: the recording.
        changes: the changed settings.
        past: what happened.
        repeated: the estimate without any change, which shows how accurate it is.
        now: the estimate with ``changes``.
        as_json: print JSON.
    """
    pairs = pair_turns(past.turns, now.turns)
    if as_json:
        print_json(
            _recording_as_json(recording)
            | {"settings": changes, "turns": [_pair_as_json(one, past, now) for one in pairs]}
            | {"then": _summary(past.turns, past.onsets), "now": _summary(now.turns, past.onsets)}
            | {"estimated": _count_estimated(now), "repeats_itself": repeated.turns == past.turns}
        )
        return
    console = stdout_console()
    console.print(Text(_title(recording), style="bold"), soft_wrap=True)
    console.print(Text(", ".join(f"{key} = {value}" for key, value in changes.items())), soft_wrap=True)
    console.print(_table(pairs, past, now))
    for name, turns in (("then", past.turns), ("now", now.turns)):
        console.print(Text(f"{name}: {_describe_turns(turns, past.onsets)}"), soft_wrap=True)
    _print_caveats(past, repeated, now)


def _table(pairs: list[TurnPair], past: RecordedSession, now: ReplayOutcome) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("you spoke")
    for when in ("then", "now"):
        table.add_column(f"{when}: waited", justify="right")
        table.add_column("gap", justify="right")
        table.add_column("")
    for one in pairs:
        speech = one.recorded or one.replayed
        assert speech is not None
        mark = "~" if one.replayed and one.replayed.generation_id in now.estimated else ""
        table.add_row(
            f"{_format_time(speech.began)} to {_format_time(speech.ended)}",
            *_turn_cells(one.recorded, past.onsets, ""),
            *_turn_cells(one.replayed, past.onsets, mark),
        )
    return table


def _describe_turns(turns: list[LoggedTurn], onsets: list[int]) -> str:
    total = _summary(turns, onsets)
    gap = "" if total["gap_ms"] is None else f", median gap {total['gap_ms']} ms"
    return f"{count(total['turns'], 'turn')}{gap}, {count(total['cut_ins'], 'false cut-in')}"


def _turn_cells(turn: LoggedTurn | None, onsets: list[int], mark: str) -> tuple[str, str, str]:
    if turn is None:
        return "no turn", "", ""
    gap = "" if turn.gap_ms is None else f"{mark}{turn.gap_ms:.0f} ms"
    return f"{turn.wait_ms:.0f} ms", gap, "false cut-in" if turn.is_false_cut_in(onsets) else ""


def _print_caveats(past: RecordedSession, repeated: ReplayOutcome, now: ReplayOutcome) -> None:
    if now.estimated & {turn.generation_id for turn in now.turns}:
        print_note(
            "~ depends on a pause that was not transcribed: assumed to be neutral words, known after "
            f"{past.median_judged * 1000 / CLOCK_HZ:.0f} ms, as usual in this conversation."
        )
    if repeated.turns != past.turns:
        same = len(set(repeated.turns) & set(past.turns))
        print_note(
            f"With its own settings the estimate matches {same} of {len(past.turns)} turns exactly: the table is as "
            "accurate as that."
        )


def _pair_as_json(one: TurnPair, past: RecordedSession, now: ReplayOutcome) -> dict[str, Any]:
    return {
        "then": _turn_as_json(one.recorded, past.onsets) if one.recorded else None,
        "now": _turn_as_json(one.replayed, past.onsets) | {"estimated": one.replayed.generation_id in now.estimated}
        if one.replayed
        else None,
    }


def _turn_as_json(turn: LoggedTurn, onsets: list[int]) -> dict[str, Any]:
    return {
        "began": round(turn.began / CLOCK_HZ, 3),
        "ended": round(turn.ended / CLOCK_HZ, 3),
        "wait_ms": round(turn.wait_ms),
        "gap_ms": None if turn.gap_ms is None else round(turn.gap_ms),
        "reason": turn.reason,
        "cut_in": turn.is_false_cut_in(onsets),
    }


def _summary(turns: list[LoggedTurn], onsets: list[int]) -> dict[str, Any]:
    gaps = [turn.gap_ms for turn in turns if turn.gap_ms is not None and not turn.typed]
    return {
        "turns": len(turns),
        "gap_ms": round(median(gaps)) if gaps else None,
        "cut_ins": sum(turn.is_false_cut_in(onsets) for turn in turns),
    }


def _count_estimated(now: ReplayOutcome) -> int:
    return sum(turn.generation_id in now.estimated for turn in now.turns)


def _format_time(at: int) -> str:
    minutes, seconds = divmod(at / CLOCK_HZ, 60)
    return f"{minutes:.0f}:{seconds:04.1f}"
