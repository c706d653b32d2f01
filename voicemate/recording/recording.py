"""A recording that has been read: what was kept, as far as the file is whole."""

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from voicemate.core.errors import RecordingError
from voicemate.core.pcm import CLOCK_HZ
from voicemate.recording.audio_chunks import AudioChunk, ChunkEncoding, Samples
from voicemate.recording.codec import DecodeError
from voicemate.recording.format import Record, RecordingEnd, RecordReader
from voicemate.recording.header import RecordingHeader
from voicemate.recording.journal import BlockProcessed, JournalEntry, unpack
from voicemate.recording.recorder import HASHES, HEADER, JOURNAL, MICROPHONE, SEGMENTER, SPEAKER


@dataclass
class RecordedTrack:
    """Sound of a recording, kept compressed until it is asked for."""

    chunks: list[AudioChunk] = field(default_factory=list)
    base: "RecordedTrack | None" = None  # what SAME chunks are the same as
    _latest: tuple[AudioChunk, Samples] | None = None  # decoded

    @property
    def end(self) -> int:
        """Clock position of its end; 0 when there is nothing."""
        return self.chunks[-1].end if self.chunks else 0

    @property
    def bytes_on_disk(self) -> int:
        """Bytes on disk."""
        return sum(len(chunk.data) for chunk in self.chunks)

    def between(self, began: int, ended: int) -> Samples:
        """From clock position ``began`` to ``ended``; what is missing is silence.

        Raises:
            DecodeError: a chunk is no sound.
        """
        found = np.zeros(ended - began, dtype=np.int16)
        index = max(0, bisect_right(self.chunks, began, key=lambda chunk: chunk.at) - 1)
        while index < len(self.chunks) and self.chunks[index].at < ended:
            chunk = self.chunks[index]
            first, last = max(began, chunk.at), min(ended, chunk.end)
            if first < last:
                found[first - began : last - began] = self._decoded(chunk)[first - chunk.at : last - chunk.at]
            index += 1
        return found

    def _decoded(self, chunk: AudioChunk) -> Samples:
        if self._latest is None or self._latest[0] is not chunk:
            under = self.base if chunk.encoding is ChunkEncoding.SAME_AS_MICROPHONE else None
            self._latest = chunk, under.between(chunk.at, chunk.end) if under else chunk.samples()
        return self._latest[1]


@dataclass
class Recording:
    """What a recording holds.

    Attributes:
        path: its file.
        header: with the models' hashes, as far as they were known in time.
        journal: what happened, in order.
        microphone: what it delivered.
        segmenter_input: what the segmenter processed: the microphone without echo, or silence.
        speaker: what left it.
        ending: how the readable part ends.
    """

    path: Path
    header: RecordingHeader
    journal: list[JournalEntry]
    microphone: RecordedTrack
    segmenter_input: RecordedTrack
    speaker: RecordedTrack
    ends: RecordingEnd

    @property
    def end(self) -> int:
        """Clock position up to which it can be used."""
        return max((entry.at for entry in reversed(self.journal) if isinstance(entry, BlockProcessed)), default=0)

    @property
    def seconds(self) -> float:
        return self.end / CLOCK_HZ

    @property
    def warning(self) -> str:
        """One sentence on a recording that does not end as it should; empty when it does."""
        match self.ends:
            case RecordingEnd.CLOSED:
                return ""
            case RecordingEnd.TRUNCATED:
                return f"{self.path} breaks off: its {self.seconds:.1f} s are used."
            case RecordingEnd.DAMAGED:
                return f"{self.path} is damaged: the {self.seconds:.1f} s before that place are used."


def read(path: Path) -> Recording:
    """The recording in ``path``, up to its end or to the first place where it is damaged.

    Raises:
        RecordingError: nothing of it can be used, or it comes from a version that had other inputs, acts or events.
    """
    reader = RecordReader(path)
    microphone, loudspeaker = RecordedTrack(), RecordedTrack()
    ears = RecordedTrack(base=microphone)
    tracks = {MICROPHONE: microphone, SEGMENTER: ears, SPEAKER: loudspeaker}
    header: RecordingHeader | None = None
    journal: list[JournalEntry] = []
    try:
        for record in reader:
            if record.kind == HEADER:
                header = RecordingHeader.model_validate_json(record.payload)
            elif record.kind == HASHES and header is not None:
                header = _with_hashes(header, record)
            elif record.kind == JOURNAL:
                journal.extend(unpack(record.payload))
            elif record.kind in tracks:
                tracks[record.kind].chunks.append(AudioChunk.unpack(record.payload))
    except (DecodeError, ValidationError) as error:
        raise incompatible(path, header, error) from None
    if header is None:
        raise RecordingError(f"{path} is damaged at its very beginning: nothing of it can be used")
    return Recording(path, header, journal, microphone, ears, loudspeaker, reader.end)


def incompatible(path: Path, header: RecordingHeader | None, error: Exception) -> RecordingError:
    """The error for a recording that is whole, and yet not understood."""
    made_by = f"made by voicemate {header.version}" if header else "from another version"
    why = f": {error}" if isinstance(error, DecodeError) else ""
    return RecordingError(
        f"{path} is {made_by} and cannot be understood by this one{why}",
        "Replay it with the version of voicemate that made it",
    )


def _with_hashes(header: RecordingHeader, record: Record) -> RecordingHeader:
    try:
        sums = dict(json.loads(record.payload))
    except (ValueError, TypeError):
        raise DecodeError("the models' hashes cannot be read") from None
    model_files = {
        role: one.model_copy(update={"sha256": sums.get(role, "")}) for role, one in header.model_files.items()
    }
    return header.model_copy(update={"model_files": model_files})
