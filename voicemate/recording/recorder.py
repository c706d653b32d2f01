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
from voicemate.recording.audio_chunks import (
    AudioChunk,
    ChunkEncoding,
    SampleBuffer,
    SampleRun,
    compress,
    join_adjacent,
    to_int16,
)
from voicemate.recording.format import END, RecordFile
from voicemate.recording.header import RecordingHeader, hash_model_files
from voicemate.recording.journal import (
    BlockProcessed,
    EventPublished,
    FloorStepped,
    JournalEntry,
    SegmenterCommand,
    SegmenterCommanded,
    pack,
)
from voicemate.turns.messages import FloorAction, FloorInput
from voicemate.vad.state_machine import VoiceEvent

HEADER, HASHES, JOURNAL = b"head", b"sums", b"jrnl"
MICROPHONE, SEGMENTER, SPEAKER = b"mic ", b"seg ", b"out "

_CHUNK = to_samples(500)
_FLUSH_S = 0.5
_QUEUE = 10_000
"""Things waiting to be written: about a minute of a conversation and ten megabytes."""
_HASHING_S = 2.0
"""How long the end of a short conversation waits for the models' hashes."""
_PATIENCE_S = 10.0
"""How long the end of a conversation waits for a slow disk."""

_TrackSamples = tuple[bytes, int, Pcm]
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
        RecordingError: the file exists or cannot be made.
    """

    def __init__(
        self,
        path: Path,
        header: RecordingHeader,
        models: Mapping[str, Path],
        on_fault: Callable[[str, str], None] = lambda wrong, remedy: None,
    ):
        self._path = path
        self._on_fault = on_fault
        self._waiting: queue.Queue[_TrackSamples | JournalEntry | dict[str, str] | None] = queue.Queue(_QUEUE)
        self._accepting = True
        self._failed = False
        self._stop_hashing = threading.Event()
        self._file = RecordFile(path)
        self._pending = _Pending([])
        self._thread = threading.Thread(target=self._work, args=(header,), name="recording", daemon=True)
        self._hashing = threading.Thread(target=self._hash, args=(header, models), name="hashing", daemon=True)
        self._thread.start()
        self._hashing.start()

    def on_microphone_block(self, block: Block) -> None:
        """Record a block from the microphone."""
        self._enqueue((MICROPHONE, block.at, block.pcm))

    def on_block_processed(self, block: Block, told: Sequence[VoiceEvent]) -> None:
        """Record a block that the segmenter processed (it may differ from the microphone's) and its voice events."""
        self._enqueue((SEGMENTER, block.at, block.pcm))
        self._enqueue(BlockProcessed(block.at, tuple(told)))

    def on_segmenter_command(self, command: SegmenterCommand, voice_events: Sequence[VoiceEvent] = ()) -> None:
        """Record a command for the segmenter and the voice events that it returned."""
        self._enqueue(SegmenterCommanded(command, tuple(voice_events)))

    def on_playback(self, at: int, pcm: Pcm) -> None:
        """Record ``pcm`` (16 kHz), which left the speaker from clock position ``at`` on."""
        self._enqueue((SPEAKER, at, pcm))

    def on_floor_step(self, got: FloorInput, acts: Sequence[FloorAction]) -> None:
        """The floor was given ``got`` and answered with ``acts``."""
        self._enqueue(FloorStepped(got, tuple(acts)))

    def on_event(self, event: Event) -> None:
        """A subscriber of the conversation's events."""
        self._enqueue(EventPublished(event))

    def close(self) -> None:
        """Write all that was handed over, and the end. Closing again does nothing."""
        self._hashing.join(_HASHING_S)
        self._stop_hashing.set()
        self._hashing.join()
        if not self._thread.is_alive():
            return
        self._accepting = False
        try:
            self._waiting.put(None, timeout=_PATIENCE_S)
        except queue.Full:  # a disk that hangs: the daemon thread goes with the process
            return
        self._thread.join(_PATIENCE_S)

    def _enqueue(self, thing: _TrackSamples | JournalEntry | dict[str, str]) -> None:
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

    def _hash(self, header: RecordingHeader, models: Mapping[str, Path]) -> None:
        self._enqueue(hash_model_files(header, models, self._stop_hashing))

    # ------------------------------------------------------------ the recorder's thread

    def _work(self, header: RecordingHeader) -> None:
        try:
            self._file.append(HEADER, header.model_dump_json().encode())
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
            if self._pending.full and isinstance(thing, JournalEntry):  # after the ears have heard what was delivered
                self._flush()
                deadline = None
            elif deadline is None:
                deadline = time.monotonic() + _FLUSH_S

    def _take(self, thing: _TrackSamples | JournalEntry | dict[str, str]) -> None:
        match thing:
            case dict():
                self._file.append(HASHES, json.dumps(thing).encode())
            case (track, at, pcm):
                self._pending.tracks[track].add(at, to_int16(pcm))
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

    def __init__(self, delivered: list[SampleRun]) -> None:
        self.tracks = {track: SampleBuffer() for track in (MICROPHONE, SEGMENTER, SPEAKER)}
        self.journal: list[JournalEntry] = []
        self._delivered = delivered

    @property
    def full(self) -> bool:
        return max(run.length for run in self.tracks.values()) >= _CHUNK

    def records(self) -> tuple[list[tuple[bytes, bytes]], list[SampleRun]]:
        """The records, and what the microphone delivered."""
        microphone = self.tracks[MICROPHONE].take()
        records = [(MICROPHONE, compress(stretch).pack()) for stretch in microphone]
        for stretch in self.tracks[SEGMENTER].take():
            same = any(delivered.contains(stretch) for delivered in join_adjacent([*self._delivered, *microphone]))
            chunk = (
                AudioChunk(stretch.at, len(stretch.samples), ChunkEncoding.SAME_AS_MICROPHONE)
                if same
                else compress(stretch)
            )
            records.append((SEGMENTER, chunk.pack()))
        records += [(SPEAKER, compress(stretch).pack()) for stretch in self.tracks[SPEAKER].take()]
        if self.journal:
            records.append((JOURNAL, pack(self.journal)))
        return records, microphone or self._delivered
