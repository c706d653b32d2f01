"""What was said, kept on this machine: written while it is heard, read, searched, and forgotten on request."""

from voicemate.history.database import DamagedError, history_file
from voicemate.history.deletion import delete_all, delete_before, delete_session
from voicemate.history.reader import HistoryReader, search_terms
from voicemate.history.records import StoredSession, StoredTurn
from voicemate.history.subscriber import HistorySubscriber
from voicemate.history.writer import HistoryWriter

__all__ = [
    "DamagedError",
    "HistoryReader",
    "HistorySubscriber",
    "HistoryWriter",
    "StoredSession",
    "StoredTurn",
    "delete_all",
    "delete_before",
    "delete_session",
    "history_file",
    "search_terms",
]
