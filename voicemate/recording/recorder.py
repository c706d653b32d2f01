"""Writes a conversation to its recording while it is held.

Everything is handed over to a thread as it is and encoded there, so the conversation's loop only ever appends to a
queue. Twice a second the thread writes what has come; if the process is killed, only that is lost. The queue is
bounded: when the disk does not keep up, the recording ends, with one fault, and the conversation goes on.
"""

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from voicemate.audio.interfaces import Block
from voicemate.core.events import Event
from voicemate.core.pcm import Pcm, to_samples
from voicemate.recording.audio_chunks import Chunk, Coding, Run, Stretch, compress, joined, rounded
from voicemate.recording.format import END, RecordFile
from voicemate.recording.header import Header, hashed
from voicemate.recording.journal import Commanded, Entry, Happened, Heard, Step, pack
from voicemate.turns.messages import FloorAction, FloorInput
from voicemate.vad.state_machine import VoiceEvent

HEAD, SUMS, JOURNAL = b"head", b"sums", b"jrnl"
MICROPHONE, EARS, LOUDSPEAKER = b"mic ", b"ears", b"out "

_CHUNK = to_samples(500)
_FLUSH_S = 0.5
_QUEUE = 10_000
"""Things waiting to be written: about a minute of a conversation and ten megabytes."""
_HASHING_S = 2.0
"""How long the end of a short conversation waits for the models' hashes."""
_PATIENCE_S = 10.0
"""How long the end of a conversation waits for a slow disk."""

_Sounding = tuple[bytes, int, Pcm]
"""Which track, where on the clock, and the samples."""


class Recorder:
    """One recording that is being made.

    All methods return at once and never raise; they are called on the conversation's thread. Sound that was heard or
    played is handed over before what followed from it.

    Args:
        path: must not exist.
        header: what the conversation is held with.
        models: the files whose hashes are kept, by what they are for.
        on_fault: called once, on the recorder's thread, when the recording cannot go on.

    Raises:
        TapeError: the file exists or cannot be made.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        models: Mapping[str, Path],
        on_fault: Callable[[str, str], None] = lambda wrong, remedy: None,
    ):
        self._path = path
        self._on_fault = on_fault
        self._waiting: queue.Queue[_Sounding | Entry | dict[str, str] | None] = queue.Queue(_QUEUE)
        self._accepting = True
        self._failed = False
        self._in_a_hurry = threading.Event()
        self._file = RecordFile(path)
        self._pending = _Pending([])
        self._thread = threading.Thread(target=self._work, args=(header,), name="recording", daemon=True)
        self._hashing = threading.Thread(target=self._hash, args=(header, models), name="hashing", daemon=True)
        self._thread.start()
        self._hashing.start()

    def delivered(self, block: Block) -> None:
        """The microphone delivered ``block``."""
        self._hand_over((MICROPHONE, block.at, block.pcm))

    def heard(self, block: Block, told: Sequence[VoiceEvent]) -> None:
        """The ears heard ``block``, which need not be what the microphone delivered, and told ``told``."""
        self._hand_over((EARS, block.at, block.pcm))
        self._hand_over(Heard(block.at, tuple(told)))

    def commanded(self, command: str, told: Sequence[VoiceEvent] = ()) -> None:
        """The ears were given one of ``entries.COMMANDS``, and told ``told``."""
        self._hand_over(Commanded(command, tuple(told)))

    def played(self, at: int, pcm: Pcm) -> None:
        """From clock position ``at`` on, ``pcm`` (16 kHz) left the loudspeaker."""
        self._hand_over((LOUDSPEAKER, at, pcm))

    def stepped(self, got: FloorInput, acts: Sequence[FloorAction]) -> None:
        """The floor was given ``got`` and answered with ``acts``."""
        self._hand_over(Step(got, tuple(acts)))

    def happened(self, event: Event) -> None:
        """A subscriber of the conversation's events."""
        self._hand_over(Happened(event))

    def close(self) -> None:
        """Write all that was handed over, and the end. Closing again does nothing."""
        self._hashing.join(_HASHING_S)
        self._in_a_hurry.set()
        self._hashing.join()
        if not self._thread.is_alive():
            return
        self._accepting = False
        try:
            self._waiting.put(None, timeout=_PATIENCE_S)
        except queue.Full:  # a disk that hangs: the daemon thread goes with the process
            return
        self._thread.join(_PATIENCE_S)

    def _hand_over(self, thing: _Sounding | Entry | dict[str, str]) -> None:
        if not self._accepting:
            return
        try:
            self._waiting.put_nowait(thing)
        except queue.Full:
            self._fail("the disk does not keep up")

    def _fail(self, why: str) -> None:
        """End the recording and say so, once."""
        self._accepting = False
        if self._failed:
            return
        self._failed = True
        self._on_fault(f"The recording {self._path} has ended: {why}", "What was recorded before can be used")

    # ------------------------------------------------------------ the hashing thread

    def _hash(self, header: Header, models: Mapping[str, Path]) -> None:
        self._hand_over(hashed(header, models, self._in_a_hurry))

    # ------------------------------------------------------------ the recorder's thread

    def _work(self, header: Header) -> None:
        try:
            self._file.append(HEAD, header.model_dump_json().encode())
            self._write_until_closed()
            self._file.append(END, b"")
        except OSError as error:
            self._fail(error.strerror or str(error))
        except TypeError as error:  # an event or an act that holds what cannot be kept
            self._fail(str(error))
        finally:
            try:
                self._file.close()
            except OSError as error:
                self._fail(error.strerror or str(error))

    def _write_until_closed(self) -> None:
        deadline: float | None = None  # when what is pending must be written
        while True:
            try:
                wait = None if deadline is None else max(0.0, deadline - time.monotonic())
                thing = self._waiting.get(timeout=wait)
            except queue.Empty:
                self._flush()
                deadline = None
                continue
            if thing is None:
                self._flush()
                return
            self._take(thing)
            if self._pending.full and isinstance(thing, Entry):  # after the ears have heard what was delivered
                self._flush()
                deadline = None
            elif deadline is None:
                deadline = time.monotonic() + _FLUSH_S

    def _take(self, thing: _Sounding | Entry | dict[str, str]) -> None:
        match thing:
            case dict():
                self._file.append(SUMS, json.dumps(thing).encode())
            case (track, at, pcm):
                self._pending.tracks[track].add(at, rounded(pcm))
            case entry:
                self._pending.journal.append(entry)

    def _flush(self) -> None:
        """Sound first: the journal never speaks of sound that is not there."""
        records, delivered = self._pending.records()
        self._pending = _Pending(delivered)
        for kind, payload in records:
            self._file.append(kind, payload)


class _Pending:
    """What has come since the last flush.

    Args:
        delivered: what the microphone had delivered until the last flush; the ears may be a block behind.
    """

    def __init__(self, delivered: list[Stretch]) -> None:
        self.tracks = {track: Run() for track in (MICROPHONE, EARS, LOUDSPEAKER)}
        self.journal: list[Entry] = []
        self._delivered = delivered

    @property
    def full(self) -> bool:
        return max(run.length for run in self.tracks.values()) >= _CHUNK

    def records(self) -> tuple[list[tuple[bytes, bytes]], list[Stretch]]:
        """The records, and what the microphone delivered."""
        microphone = self.tracks[MICROPHONE].take()
        records = [(MICROPHONE, compress(stretch).pack()) for stretch in microphone]
        for stretch in self.tracks[EARS].take():
            same = any(delivered.holds(stretch) for delivered in joined([*self._delivered, *microphone]))
            chunk = Chunk(stretch.at, len(stretch.samples), Coding.SAME) if same else compress(stretch)
            records.append((EARS, chunk.pack()))
        records += [(LOUDSPEAKER, compress(stretch).pack()) for stretch in self.tracks[LOUDSPEAKER].take()]
        if self.journal:
            records.append((JOURNAL, pack(self.journal)))
        return records, microphone or self._delivered
