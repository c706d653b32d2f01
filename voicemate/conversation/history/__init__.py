"""What was said, kept on this machine: written while it is heard, read, searched, and forgotten on request."""

from voicemate.conversation.history.database import DamagedError, history_file
from voicemate.conversation.history.forgetting import forget_before, forget_everything, forget_session
from voicemate.conversation.history.listener import HistoryWriter
from voicemate.conversation.history.reader import HistoryReader, search_terms
from voicemate.conversation.history.records import Session, Turn
from voicemate.conversation.history.writer import History

__all__ = [
    "DamagedError",
    "History",
    "HistoryReader",
    "HistoryWriter",
    "Session",
    "Turn",
    "forget_before",
    "forget_everything",
    "forget_session",
    "history_file",
    "search_terms",
]
