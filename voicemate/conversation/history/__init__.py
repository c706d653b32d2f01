"""What was said, kept on this machine: written while it is heard, read, searched, and forgotten on request."""

from voicemate.conversation.history.database import DamagedError, history_file
from voicemate.conversation.history.forgetting import delete_all, delete_before, delete_session
from voicemate.conversation.history.listener import HistorySubscriber
from voicemate.conversation.history.reader import HistoryReader, search_terms
from voicemate.conversation.history.records import StoredSession, StoredTurn
from voicemate.conversation.history.writer import HistoryWriter

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
