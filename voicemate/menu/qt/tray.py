"""The icon in the tray and its menu. Everything runs on Qt's main thread."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, QSocketNotifier, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from voicemate.menu.actions import CopyText, MenuAction, QuitMenu
from voicemate.menu.icon import Icon
from voicemate.menu.menu_model import Menu
from voicemate.menu.presenter import MenuPresenter
from voicemate.menu.qt.drawn_menu import update_menu
from voicemate.menu.qt.icon_images import icon_image


class Tray(QObject):
    """Draws the menu of a presenter.

    Args:
        make_presenter: makes the presenter, given the function that shows a menu from any thread.
    """

    _menu_changed = Signal(object)

    def __init__(self, make_presenter: Callable[[Callable[[Menu], None]], MenuPresenter]) -> None:
        super().__init__()
        self._icons = {state: icon_image(state) for state in Icon}
        self.menu = QMenu()
        self._tray = QSystemTrayIcon(self._icons[Icon.NOT_RUNNING])
        self._tray.setContextMenu(self.menu)
        self._tray.activated.connect(self._on_activated)
        self.menu.aboutToShow.connect(self._on_menu_opening)
        self._menu_changed.connect(self._draw, Qt.ConnectionType.QueuedConnection)
        self._presenter = make_presenter(self._menu_changed.emit)

    def show(self) -> None:
        """Show the icon, now or as soon as the desktop has a tray."""
        self._presenter.start()
        self._tray.show()

    def close(self) -> None:
        """Remove the icon."""
        self._tray.hide()
        self._presenter.stop()

    def _draw(self, shown: Menu) -> None:
        self._tray.setIcon(self._icons[shown.icon])
        self._tray.setToolTip(shown.tooltip)
        update_menu(self.menu, shown.items, self._on_action)
        first = self.menu.actions()[0]  # the status line
        font = first.font()
        font.setBold(True)
        first.setFont(font)

    def _on_menu_opening(self) -> None:
        self._presenter.on_menu_opening()

    def _on_activated(self, how: QSystemTrayIcon.ActivationReason) -> None:
        """Open the menu on a left click too."""
        if how is QSystemTrayIcon.ActivationReason.Trigger:
            icon = self._tray.geometry()  # some desktops do not report it
            self.menu.popup(icon.bottomLeft() if icon.isValid() else QCursor.pos())

    def _on_action(self, action: MenuAction) -> None:
        match action:
            case QuitMenu():
                QApplication.quit()
            case CopyText(text=text):
                QGuiApplication.clipboard().setText(text)
            case _:
                self._presenter.perform(action)


def create_application() -> QApplication:
    """Make the Qt application of a program without windows. Once per process."""
    app = QApplication(["voicemate"])
    app.setApplicationName("voicemate")
    app.setDesktopFileName("voicemate-menu")
    app.setQuitOnLastWindowClosed(False)
    _make_disabled_items_readable(app)
    app.styleHints().colorSchemeChanged.connect(lambda: _make_disabled_items_readable(app))
    return app


def _make_disabled_items_readable(app: QApplication) -> None:
    """Darken disabled items, since the menu uses them for text and many styles draw them too pale."""
    palette = app.palette()
    text, background = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    mixed = QColor(*(round(0.7 * one + 0.3 * other) for one, other in zip(_rgb(text), _rgb(background), strict=True)))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, mixed)
    app.setPalette(palette, "QMenu")  # type: ignore[arg-type]  # the stub asks for bytes


def _rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def run(make_presenter: Callable[[Callable[[Menu], None]], MenuPresenter]) -> None:
    """Show the menu until the user quits it, or until SIGTERM or SIGINT. Called on the main thread."""
    app = create_application()
    tray = Tray(make_presenter)
    with _quit_on_signal(app.quit):
        tray.show()
        app.exec()
    tray.close()


@contextmanager
def _quit_on_signal(quit_application: Callable[[], None]) -> Iterator[None]:
    """Call ``quit_application`` on SIGTERM and SIGINT.

    Python's signal handlers do not run while Qt waits for events, so the signal's number is written to a socket that
    Qt watches.
    """
    reader, writer = socket.socketpair()
    for end_of_pair in (reader, writer):
        end_of_pair.setblocking(False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda: (reader.recv(64), quit_application()))
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
