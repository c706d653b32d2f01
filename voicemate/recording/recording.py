"""Reads a recording, as far as its file is whole."""

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
    """One track of a recording. It stays compressed in memory.

    Attributes:
        chunks: in order.
        microphone: the track that ``SAME_AS_MICROPHONE`` chunks refer to.
    """

    chunks: list[AudioChunk] = field(default_factory=list[AudioChunk])
    microphone: "RecordedTrack | None" = None
    _latest: tuple[AudioChunk, Samples] | None = None  # the last decoded chunk

    @property
    def end(self) -> int:
        """Clock position of its end; 0 when it is empty."""
        return self.chunks[-1].end if self.chunks else 0

    def between(self, begin: int, end: int) -> Samples:
        """Return the audio from clock position ``begin`` to ``end``; what is missing is silence.

        Raises:
            DecodeError: a chunk is damaged.
        """
        samples = np.zeros(end - begin, dtype=np.int16)
        index = max(0, bisect_right(self.chunks, begin, key=lambda chunk: chunk.at) - 1)
        while index < len(self.chunks) and self.chunks[index].at < end:
            chunk = self.chunks[index]
            first, last = max(begin, chunk.at), min(end, chunk.end)
            if first < last:
                samples[first - begin : last - begin] = self._decoded(chunk)[first - chunk.at : last - chunk.at]
            index += 1
        return samples

    def _decoded(self, chunk: AudioChunk) -> Samples:
        if self._latest is None or self._latest[0] is not chunk:
            other = self.microphone if chunk.encoding is ChunkEncoding.SAME_AS_MICROPHONE else None
            self._latest = chunk, other.between(chunk.at, chunk.end) if other else chunk.samples()
        return self._latest[1]


@dataclass
class Recording:
    """The content of a recording.

    Attributes:
        path: its file.
        header: with the models' hashes, as far as they were known in time.
        journal: what happened, in order.
        microphone: what it delivered.
        segmenter_input: the microphone's audio without echo, or silence.
        speaker: what it played.
        ends: how the usable part ends.
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
        """Clock position up to which the recording can be used."""
        return max((entry.at for entry in reversed(self.journal) if isinstance(entry, BlockProcessed)), default=0)

    @property
    def seconds(self) -> float:
        """Length of the usable part (s)."""
        return self.end / CLOCK_HZ

    @property
    def warning(self) -> str:
        """One sentence on a recording that was not closed properly; otherwise empty."""
        match self.ends:
            case RecordingEnd.CLOSED:
                return ""
            case RecordingEnd.TRUNCATED:
                return f"{self.path} breaks off: its {self.seconds:.1f} s are used."
            case RecordingEnd.DAMAGED:
                return f"{self.path} is damaged: the {self.seconds:.1f} s before that place are used."


def read(path: Path) -> Recording:
    """Read the recording in ``path``, up to its end or to the first damage.

    Raises:
        RecordingError: nothing of it can be used, or this version has other inputs, actions or events.
    """
    reader = RecordReader(path)
    microphone, speaker = RecordedTrack(), RecordedTrack()
    segmenter = RecordedTrack(microphone=microphone)
    tracks = {MICROPHONE: microphone, SEGMENTER: segmenter, SPEAKER: speaker}
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
        raise RecordingError(f"{path} is damaged at its beginning: nothing of it can be used")
    return Recording(path, header, journal, microphone, segmenter, speaker, reader.end)


def incompatible(path: Path, header: RecordingHeader | None, error: Exception) -> RecordingError:
    """Return the error for a recording that is whole, but of another version."""
    made_by = f"made by voicemate {header.version}" if header else "from another version"
    why = f": {error}" if isinstance(error, DecodeError) else ""
    return RecordingError(
        f"{path} is {made_by} and cannot be understood by this one{why}",
        "Replay it with the version of voicemate that made it",
    )


def _with_hashes(header: RecordingHeader, record: Record) -> RecordingHeader:
    try:
        hashes: dict[str, str] = dict(json.loads(record.payload))
    except (ValueError, TypeError):
        raise DecodeError("the models' hashes cannot be read") from None
    files = {
        role: one.model_copy(update={"sha256": hashes.get(role, "")}) for role, one in header.model_files.items()
    }
    return header.model_copy(update={"model_files": files})
