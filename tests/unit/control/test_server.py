"""The daemon's end of the socket, with well-behaved and hostile clients."""

import asyncio
import gc
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.unit.control.recording_target import STATUS, serving
from voicemate.control.protocol import MAX_LINE_BYTES
from voicemate.core.events import FloorChanged, FloorState, MicrophoneLevel, Transcribed


class Visitor:
    """A client without any checks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def at(cls, path: Path) -> "Visitor":
        return cls(*await asyncio.open_unix_connection(str(path), limit=10 * MAX_LINE_BYTES))

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def request(self, number: object, command: str, **arguments: Any) -> None:
        line = {"v": 1, "id": number, "command": command, "arguments": arguments}
        await self.send(json.dumps(line).encode() + b"\n")

    async def read(self) -> dict[str, Any]:
        line = await self.reader.readline()
        assert line, "the daemon hung up"
        return json.loads(line)

    async def call(self, number: object, command: str, **arguments: Any) -> dict[str, Any]:
        await self.request(number, command, **arguments)
        return await self.read()

    async def ended(self) -> bool:
        """The daemon disconnects, after any output."""
        try:
            while await self.reader.read(65_536):
                pass
        except ConnectionResetError:
            pass
        return True

    def leave(self) -> None:
        self.writer.transport.abort()


@pytest.mark.parametrize("politely", [True, False])
async def test_disconnecting_releases_the_key(path: Path, politely: bool):
    async with serving(path) as (conversation, _):
        holder, other = await Visitor.at(path), await Visitor.at(path)
        await holder.call(1, "ptt", action="press", while_connected=True)
        await other.call(1, "ptt", action="press")
        other.leave()
        if politely:
            holder.writer.close()
        else:
            holder.leave()
        while ("release",) not in conversation.commands:
            await asyncio.sleep(0.005)
        assert conversation.commands == [("press",), ("press",), ("release",)]


async def test_a_released_key_is_not_released_again(path: Path):
    async with serving(path) as (conversation, _):
        holder = await Visitor.at(path)
        await holder.call(1, "ptt", action="press", while_connected=True)
        await holder.call(2, "ptt", action="release")
        holder.writer.close()
        assert await holder.ended()
        last = await Visitor.at(path)
        await last.call(1, "mute", on=True)
        assert conversation.commands == [("press",), ("release",), ("mute", True)]


async def test_each_command_is_executed(path: Path):
    async with serving(path) as (conversation, _):
        visitor = await Visitor.at(path)
        assert await visitor.call(1, "listen", on=False) == {"v": 1, "id": 1, "result": {}}
        assert await visitor.call("two", "say", text="hello") == {
            "v": 1,
            "id": "two",
            "result": {"heard_prefix": "hello"},
        }
        await visitor.call(3, "mute", on=True)
        await visitor.call(4, "ptt", action="press")
        await visitor.call(5, "ptt", action="release")
        await visitor.call(6, "stop")
        assert conversation.commands == [
            ("listen", False),
            ("say", "hello"),
            ("mute", True),
            ("press",),
            ("release",),
            ("stop",),
        ]
        assert (await visitor.call(7, "status"))["result"] == STATUS.model_dump(mode="json")


async def test_exchanges_and_choices_are_json(path: Path):
    async with serving(path):
        visitor = await Visitor.at(path)
        assert (await visitor.call(1, "exchanges", count=1))["result"] == {
            "exchanges": [{"persona": "juniper", "said": "hello", "reply": "Hello."}]
        }
        assert (await visitor.call(2, "choices"))["result"] == {
            "personas": [{"value": "juniper", "label": "Juniper"}],
            "voices": [],
            "microphones": [],
            "speakers": [],
        }
        assert (await visitor.call(3, "exchanges", count=0))["error"]["code"] == "bad-arguments"


async def test_a_failed_command_has_an_error_code(path: Path):
    async with serving(path):
        visitor = await Visitor.at(path)
        assert (await visitor.call(1, "ptt", action="toggle"))["error"] == {
            "code": "unavailable",
            "message": "There is no key",
            "hint": "Set one",
        }
        assert (await visitor.call(2, "persona", name="junipr"))["error"]["code"] == "failed"
        assert (await visitor.call(3, "interrupt"))["error"] == {
            "code": "failed",
            "message": "The command `interrupt` failed",
            "hint": "See `voicemate logs`",
        }
        assert "result" in await visitor.call(4, "status")


async def test_a_long_request_blocks_no_other(path: Path):
    async with serving(path) as (conversation, _):
        visitor = await Visitor.at(path)
        await visitor.request(1, "ask", text="why")
        assert (await visitor.call(2, "status"))["id"] == 2
        conversation.reply_ready.set()
        assert await visitor.read() == {"v": 1, "id": 1, "result": {"turn_id": 1, "heard_prefix": "Indeed."}}


async def test_events_and_words_are_sent_on_request(path: Path):
    async with serving(path) as (conversation, _):
        plain, wordy, silent = [await Visitor.at(path) for _ in range(3)]
        await plain.call(1, "events")
        await wordy.call(1, "events", words=True, levels=True)
        conversation.events.emit(MicrophoneLevel(1, -30.0, 0.1))
        conversation.events.emit(Transcribed(2, 1, "a secret", "en", final=True))
        heard = await plain.read()
        assert heard == {
            "v": 1,
            "event": "Transcribed",
            "data": {"at": 2, "turn": 1, "language": "en", "final": True},
        }
        assert (await wordy.read())["event"] == "MicrophoneLevel"
        assert (await wordy.read())["data"]["text"] == "a secret"
        assert (await silent.call(9, "status"))["id"] == 9


async def test_a_half_closed_client_receives_its_answers(path: Path):
    async with serving(path) as (conversation, _):
        visitor = await Visitor.at(path)
        await visitor.request(1, "ask", text="why")
        visitor.writer.write_eof()
        await asyncio.sleep(0)
        conversation.reply_ready.set()
        assert (await visitor.read())["result"] == {"turn_id": 1, "heard_prefix": "Indeed."}
        assert await visitor.ended()


async def test_a_request_outlives_its_client(path: Path):
    async with serving(path) as (conversation, server):
        visitor = await Visitor.at(path)
        await visitor.request(1, "ask", text="why")
        other = await Visitor.at(path)
        await other.call(1, "status")
        assert conversation.commands == [("ask", "why")]
        visitor.leave()
        conversation.reply_ready.set()
        assert (await other.call(2, "status"))["id"] == 2
        while server._requests:
            await asyncio.sleep(0)


async def test_too_many_pending_requests_are_refused(path: Path):
    async with serving(path, pending_requests=3) as (conversation, _):
        visitor = await Visitor.at(path)
        for number in range(5):
            await visitor.request(number, "ask", text="why")
        refused = [await visitor.read() for _ in range(2)]
        assert {reply["error"]["code"] for reply in refused} == {"too-many-requests"}
        conversation.reply_ready.set()
        answered = [await visitor.read() for _ in range(3)]
        assert {reply["id"] for reply in answered} == {0, 1, 2}


async def test_hostile_lines_do_no_harm(path: Path):
    hostile = [
        b"\n",
        b"\x00" * 50 + b"\n",
        b"\xff\xfe\xfd\n",
        b"[" * 5_000 + b"\n",
        b'{"v":1}\n',
        b'{"v":1,"id":1,"command":"' + b"x" * 10_000 + b'"}\n',
        b'{"v":1,"id":1e999,"command":"status"}\n',
        b'{"v":1,"id":1,"command":"say","arguments":{"text":5}}\n',
        b'{"v":99999999999999999999,"id":1,"command":"status"}\n',
        b"GET / HTTP/1.1\r\n",
    ]
    async with serving(path) as (conversation, _):
        visitor = await Visitor.at(path)

        async def shout() -> None:
            for round_ in range(100):
                await visitor.send(b"".join(hostile[round_ % 10 :] + hostile[: round_ % 10]))

        shouting = asyncio.create_task(shout())
        for _ in range(1_000):
            assert "error" in await visitor.read()
        await shouting
        assert (await visitor.call(1, "status"))["id"] == 1
        assert conversation.commands == []


async def test_an_endless_line_ends_the_connection(path: Path):
    async with serving(path) as (_, server):
        visitor = await Visitor.at(path)
        await visitor.send(b"x" * MAX_LINE_BYTES)
        assert (await visitor.read())["error"]["code"] == "line-too-long"
        assert await visitor.ended()
        assert not server._clients


async def test_a_partial_line_times_out_and_an_idle_client_does_not(path: Path):
    async with serving(path, partial_line_s=0.05) as _:
        idle, half, dripping = [await Visitor.at(path) for _ in range(3)]
        await half.send(b'{"v":1,')

        async def drip() -> None:
            while True:
                await dripping.send(b" ")
                await asyncio.sleep(0.01)

        drops = asyncio.create_task(drip())
        assert (await half.read())["error"]["code"] == "line-too-slow"
        assert (await dripping.read())["error"]["code"] == "line-too-slow"
        drops.cancel()
        assert await half.ended()
        assert (await idle.call(1, "status"))["id"] == 1


async def test_a_client_that_does_not_read_is_dropped(path: Path):
    async with serving(path, outbox_bytes=20_000, write_s=60) as (conversation, server):
        slow, quick = [await Visitor.at(path) for _ in range(2)]
        await slow.call(1, "events", words=True)
        await quick.call(1, "events")
        assert len(server._clients) == 2
        for number in range(300):
            conversation.events.emit(Transcribed(number, 1, "x" * 5_000, "en", final=False))
            assert (await quick.read())["data"]["at"] == number
        while len(server._clients) == 2:
            await asyncio.sleep(0.01)


async def test_levels_never_drop_a_client(path: Path):
    async with serving(path, outbox_bytes=2_000, write_s=60) as (conversation, server):
        slow = await Visitor.at(path)
        await slow.call(1, "events", levels=True)
        for number in range(5_000):
            conversation.events.emit(MicrophoneLevel(number, -30.0, 0.1))
        conversation.events.emit(FloorChanged(5_000, FloorState.LISTENING))
        assert len(server._clients) == 1
        while (await slow.read())["event"] != "FloorChanged":
            pass


async def test_a_flood_is_throttled(path: Path):
    async with serving(path, rate=100.0, burst=10):
        flood = await Visitor.at(path)
        began = asyncio.get_running_loop().time()
        await flood.send(b"nonsense\n" * 30)
        for _ in range(30):
            await flood.read()
        assert asyncio.get_running_loop().time() - began >= 0.19


async def test_a_hundred_clients_leave_no_tasks(path: Path):
    async with serving(path, clients=64) as (_, server):
        files = open_files()
        answered, everybody = 0, asyncio.Event()

        async def visit(number: int) -> str:
            nonlocal answered
            visitor = await Visitor.at(path)
            try:
                await visitor.request(number, "status")
                reply = await visitor.read()
            except (ConnectionError, AssertionError):  # the refusal was overtaken by the hanging up
                reply = {"error": {}}
            answered += 1
            if answered == 100:
                everybody.set()
            await everybody.wait()
            visitor.leave()
            return "refused" if "error" in reply else "served"

        found = await asyncio.gather(*(visit(number) for number in range(100)))
        assert (found.count("served"), found.count("refused")) == (64, 36)
        while server._clients:
            await asyncio.sleep(0.01)
        again = await Visitor.at(path)
        assert (await again.call(1, "status"))["id"] == 1
        again.leave()
        while server._clients:
            await asyncio.sleep(0.01)
        gc.collect()
        assert open_files() <= files
        assert not [task for task in asyncio.all_tasks() if "control" in task.get_name()]


def open_files() -> int:
    folder = Path("/proc/self/fd") if Path("/proc/self/fd").exists() else Path("/dev/fd")
    return len(os.listdir(folder))


async def test_too_many_clients_are_refused(path: Path):
    async with serving(path, clients=2):
        guests = [await Visitor.at(path) for _ in range(2)]
        for guest in guests:
            await guest.call(1, "status")
        late = await Visitor.at(path)
        assert (await late.read())["error"]["code"] == "too-many-clients"
        assert await late.ended()
        guests[0].leave()
        while True:
            retry = await Visitor.at(path)
            if "result" in await retry.call(1, "status"):
                break


async def test_other_accounts_are_disconnected(path: Path, monkeypatch: pytest.MonkeyPatch):
    async with serving(path) as (conversation, _):
        monkeypatch.setattr("voicemate.control.server.peer_uid", lambda connection: os.getuid() + 1)
        visitor = await Visitor.at(path)
        assert await visitor.reader.read() == b""
        assert conversation.commands == []


async def test_a_stopping_daemon_still_answers_and_frees_its_path(path: Path):
    async with serving(path) as (_, server):
        visitor = await Visitor.at(path)
        await visitor.call(1, "status")
        server.stop_accepting()
        assert not path.exists()
        assert (await visitor.call(2, "say", text="x"))["error"]["code"] == "stopping"
        assert "result" in await visitor.call(3, "stop")
    assert await visitor.ended()


async def test_a_connection_reset_is_ignored(path: Path):
    async with serving(path) as (conversation, server):
        for _ in range(20):
            rude = socket.socket(socket.AF_UNIX)
            rude.setblocking(False)
            rude.connect(str(path))
            rude.send(b'{"v":1,"id":1,"command":"events"}\n{"v":1,')
            rude.close()
        visitor = await Visitor.at(path)
        conversation.events.emit(MicrophoneLevel(1, 0.0, 0.0))
        assert (await visitor.call(1, "status"))["id"] == 1
        while len(server._clients) > 1:
            await asyncio.sleep(0.01)


async def test_watchers_are_notified_of_status_changes(path: Path):
    async with serving(path):
        watcher, other = await Visitor.at(path), await Visitor.at(path)
        await watcher.call(1, "events")
        await other.call(1, "interrupt")  # a command that changes nothing of it
        for number, (command, arguments) in enumerate(
            {"mute": {"on": True}, "listen": {"on": False}, "reload": {}, "persona": {"name": "nobody"}}.items()
        ):
            await other.call(number, command, **arguments)
            told = await watcher.read()
            assert (told["event"], told["data"]) == ("StatusChanged", {"at": 0}), command
        watcher.leave()
        other.leave()
