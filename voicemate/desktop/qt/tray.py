"""The icon in the tray and its menu. All of it lives on Qt's main thread."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, QSocketNotifier, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from voicemate.desktop.actions import Action, Copy, Quit
from voicemate.desktop.companion import Companion
from voicemate.desktop.icon import Icon
from voicemate.desktop.menu import Menu
from voicemate.desktop.qt.drawn_menu import draw
from voicemate.desktop.qt.pictures import picture


class Tray(QObject):
    """Draws what the companion shows.

    Args:
        make_companion: gets the function that is to be called with every new menu, from any thread.
    """

    _news = Signal(object)

    def __init__(self, make_companion: Callable[[Callable[[Menu], None]], Companion]):
        super().__init__()
        self._icons = {state: picture(state) for state in Icon}
        self.menu = QMenu()
        self._tray = QSystemTrayIcon(self._icons[Icon.NOT_RUNNING])
        self._tray.setContextMenu(self.menu)
        self._tray.activated.connect(self._activated)
        self.menu.aboutToShow.connect(self._opening)
        self._news.connect(self._draw, Qt.ConnectionType.QueuedConnection)
        self._companion = make_companion(self._news.emit)

    def show(self) -> None:
        """Appear, now or as soon as the desktop has a tray."""
        self._companion.begin()
        self._tray.show()

    def close(self) -> None:
        """Disappear."""
        self._tray.hide()
        self._companion.end()

    def _draw(self, shown: Menu) -> None:
        self._tray.setIcon(self._icons[shown.icon])
        self._tray.setToolTip(shown.tip)
        draw(self.menu, shown.items, self._chosen)
        first = self.menu.actions()[0]  # how it is: the line that the menu is opened for most
        font = first.font()
        font.setBold(True)
        first.setFont(font)

    def _opening(self) -> None:
        self._companion.opening()

    def _activated(self, how: QSystemTrayIcon.ActivationReason) -> None:
        """A plain click opens the menu too; there is nothing else that it could mean."""
        if how is QSystemTrayIcon.ActivationReason.Trigger:
            icon = self._tray.geometry()  # not known everywhere
            self.menu.popup(icon.bottomLeft() if icon.isValid() else QCursor.pos())

    def _chosen(self, action: Action) -> None:
        match action:
            case Quit():
                QApplication.quit()
            case Copy(text=text):
                QGuiApplication.clipboard().setText(text)
            case _:
                self._companion.do(action)


def application() -> QApplication:
    """Qt's application, as a program without windows needs it. Once a process."""
    app = QApplication(["voicemate"])
    app.setApplicationName("voicemate")
    app.setDesktopFileName("voicemate-menu")
    app.setQuitOnLastWindowClosed(False)
    _tell_readably(app)
    app.styleHints().colorSchemeChanged.connect(lambda: _tell_readably(app))
    return app


def _tell_readably(app: QApplication) -> None:
    """Lines that only tell something are disabled items; styles draw those too pale to be read."""
    palette = app.palette()
    text, ground = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    mixed = QColor(*(round(0.7 * one + 0.3 * other) for one, other in zip(_rgb(text), _rgb(ground), strict=True)))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, mixed)
    app.setPalette(palette, "QMenu")  # type: ignore[arg-type]  # it takes no bytes


def _rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def run(make_companion: Callable[[Callable[[Menu], None]], Companion]) -> None:
    """Show the menu until it is quit, or SIGTERM or SIGINT comes. To be called on the main thread."""
    app = application()
    tray = Tray(make_companion)
    with _signals(app.quit):
        tray.show()
        app.exec()
    tray.close()


@contextmanager
def _signals(end: Callable[[], None]) -> Iterator[None]:
    """Call ``end`` on SIGTERM and SIGINT. Python runs its handlers between two of its own instructions, and there are
    none while Qt waits; so the signal's number is written to a socket that Qt watches."""
    reader, writer = socket.socketpair()
    for end_of_pair in (reader, writer):
        end_of_pair.setblocking(False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda: (reader.recv(64), end()))
    before = signal.set_wakeup_fd(writer.fileno())
    handlers = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        notifier.setEnabled(False)
        reader.close()
        writer.close()
