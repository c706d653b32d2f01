"""Records a conversation while it is held.

The conversation's loop only appends to a queue; a thread encodes, and writes twice a second. If the process is
killed, half a second is lost. The queue is bounded: when the disk does not keep up, the recording ends with one
fault, and the conversation goes on.
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
"""Items waiting to be written: about a minute of a conversation and 10 MB."""
_HASHING_S = 2.0
"""How long ``close`` waits for the models' hashes."""
_CLOSE_TIMEOUT_S = 10.0
"""How long ``close`` waits for a slow disk."""

_TrackSamples = tuple[bytes, int, Pcm]
"""Track, clock position and samples."""
_Item = _TrackSamples | JournalEntry | dict[str, str]
"""What the conversation hands over to the thread; a dictionary has the models' hashes."""


class Recorder:
    """Writes one recording.

    The ``on_…`` methods return at once and never raise; they are called on the conversation's thread. Audio is handed
    over before what followed from it.

    Args:
        path: must not exist.
        header: of the recording.
        models: the files to hash, by role.
        on_fault: called once with a message and a hint, on the recorder's thread, when the recording cannot go on.

    Raises:
        RecordingError: the file exists, or cannot be made.
    """

    def __init__(
        self,
        path: Path,
        header: RecordingHeader,
        models: Mapping[str, Path],
        on_fault: Callable[[str, str], None] = lambda message, hint: None,
    ) -> None:
        self._path = path
        self._on_fault = on_fault
        self._waiting: queue.Queue[_Item | None] = queue.Queue(_QUEUE)
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

    def on_block_processed(self, block: Block, voice_events: Sequence[VoiceEvent]) -> None:
        """Record a block that the segmenter processed (it may differ from the microphone's) and its voice events."""
        self._enqueue((SEGMENTER, block.at, block.pcm))
        self._enqueue(BlockProcessed(block.at, tuple(voice_events)))

    def on_segmenter_command(self, command: SegmenterCommand, voice_events: Sequence[VoiceEvent] = ()) -> None:
        """Record a command for the segmenter and the voice events that it returned."""
        self._enqueue(SegmenterCommanded(command, tuple(voice_events)))

    def on_playback(self, at: int, pcm: Pcm) -> None:
        """Record ``pcm`` (16 kHz), which left the speaker from clock position ``at`` on."""
        self._enqueue((SPEAKER, at, pcm))

    def on_floor_step(self, message: FloorInput, actions: Sequence[FloorAction]) -> None:
        """Record an input of the floor and the actions that it returned."""
        self._enqueue(FloorStepped(message, tuple(actions)))

    def on_event(self, event: Event) -> None:
        """Record an event."""
        self._enqueue(EventPublished(event))

    def close(self) -> None:
        """Write what is left, and close the file. Closing again does nothing."""
        self._hashing.join(_HASHING_S)
        self._stop_hashing.set()
        self._hashing.join()
        if not self._thread.is_alive():
            return
        self._accepting = False
        try:
            self._waiting.put(None, timeout=_CLOSE_TIMEOUT_S)
        except queue.Full:  # the disk hangs: the daemon thread ends with the process
            return
        self._thread.join(_CLOSE_TIMEOUT_S)

    def _enqueue(self, item: _Item) -> None:
        if not self._accepting:
            return
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            self._fail("the disk does not keep up")

    def _fail(self, reason: str) -> None:
        """End the recording and report the fault, once."""
        self._accepting = False
        if self._failed:
            return
        self._failed = True
        self._on_fault(f"The recording {self._path} has ended: {reason}", "What was recorded before can be used")

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
        except TypeError as error:  # a value that cannot be recorded
            self._fail(str(error))
        finally:
            try:
                self._file.close()
            except OSError as error:
                self._fail(error.strerror or str(error))

    def _write_until_closed(self) -> None:
        deadline: float | None = None  # of writing what is pending
        while True:
            try:
                timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
                item = self._waiting.get(timeout=timeout)
            except queue.Empty:
                self._flush()
                deadline = None
                continue
            if item is None:
                self._flush()
                return
            self._take(item)
            if self._pending.full and isinstance(item, JournalEntry):  # after the segmenter's audio
                self._flush()
                deadline = None
            elif deadline is None:
                deadline = time.monotonic() + _FLUSH_S

    def _take(self, item: _Item) -> None:
        match item:
            case dict():
                self._file.append(HASHES, json.dumps(item).encode())
            case (track, at, pcm):
                self._pending.tracks[track].add(at, to_int16(pcm))
            case entry:
                self._pending.journal.append(entry)

    def _flush(self) -> None:
        """Write the audio first: the journal never refers to audio that is missing."""
        records, microphone = self._pending.records()
        self._pending = _Pending(microphone)
        for kind, payload in records:
            self._file.append(kind, payload)


class _Pending:
    """What was handed over since the last flush.

    Args:
        previous: the microphone's audio before that; the segmenter may be a block behind.
    """

    def __init__(self, previous: list[SampleRun]) -> None:
        self.tracks = {track: SampleBuffer() for track in (MICROPHONE, SEGMENTER, SPEAKER)}
        self.journal: list[JournalEntry] = []
        self._previous = previous

    @property
    def full(self) -> bool:
        return max(buffer.length for buffer in self.tracks.values()) >= _CHUNK

    def records(self) -> tuple[list[tuple[bytes, bytes]], list[SampleRun]]:
        """Return the records, and the microphone's audio."""
        microphone = self.tracks[MICROPHONE].take()
        records = [(MICROPHONE, compress(run).pack()) for run in microphone]
        for run in self.tracks[SEGMENTER].take():
            same = any(delivered.contains(run) for delivered in join_adjacent([*self._previous, *microphone]))
            chunk = AudioChunk(run.at, len(run.samples), ChunkEncoding.SAME_AS_MICROPHONE) if same else compress(run)
            records.append((SEGMENTER, chunk.pack()))
        records += [(SPEAKER, compress(run).pack()) for run in self.tracks[SPEAKER].take()]
        if self.journal:
            records.append((JOURNAL, pack(self.journal)))
        return records, microphone or self._previous
