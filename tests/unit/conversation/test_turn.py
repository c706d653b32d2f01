"""What a turn knows of its reply when it is committed."""

from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

from voicemate.conversation.reply import Reply, SpeechOutput
from voicemate.conversation.turn import Turn

BLOCK_ENDED, NOW = 352 * 16, 360 * 16
"""Between two blocks of the microphone the clock is ahead of the latest."""


async def nothing() -> AsyncGenerator[str]:
    return
    yield


def turn() -> Turn:
    given = cast(Any, None)
    mouth = SpeechOutput(given, given, now=lambda: NOW, emit=lambda event: None)
    made = Turn(1, 1, given, given, mouth)
    made.reply = Reply(1, nothing(), given, mouth)
    return made


@pytest.mark.parametrize("ready_at", [NOW, None])
def test_a_reply_is_ready_when_its_first_sound_was_there_at_the_decision(ready_at: int | None) -> None:
    made = turn()
    assert made.reply is not None
    made.reply.ready_at = ready_at
    made.commit(at=BLOCK_ENDED, due_at=BLOCK_ENDED, ended=0)
    assert made.reply_was_ready == (ready_at is not None)


def test_a_reply_that_is_there_after_the_decision_was_not_ready() -> None:
    made = turn()
    made.commit(at=BLOCK_ENDED, due_at=BLOCK_ENDED, ended=0)
    assert made.reply is not None
    made.reply.ready_at = BLOCK_ENDED
    assert not made.reply_was_ready
