"""The menu in a process of its own, which also reports what is visible on the screen.

Only the choices and the local actions are scripted. It reads commands from standard input, one per line, and answers
each with a line of JSON: ``where`` reports what is visible, ``picture FILE`` and ``icons FILE`` save a picture.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPoint, QSocketNotifier, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QLabel, QMenu

from voicemate.control.client import ControlClient
from voicemate.control.status import Choice, Choices
from voicemate.menu.icon import Icon
from voicemate.menu.menu_state import MenuProblem
from voicemate.menu.presenter import MenuPresenter
from voicemate.menu.qt.icon_images import icon_image as drawn
from voicemate.menu.qt.tray import Tray, create_application

_DEVICES = ("Built-in Audio Analog Stereo", "Jabra Evolve2 65 & Dongle")
CHOICES = Choices(
    (Choice("ambrose", "Ambrose"), Choice("juniper", "Juniper"), Choice("xiaolan", "Xiaolan")),
    (Choice("gmw/en-us", "English (America)"), Choice("gmw/en-gb-x-rp", "English (Received Pronunciation)")),
    tuple(Choice(name, name) for name in (*_DEVICES, "Blue Yeti")),
    tuple(Choice(name, name) for name in _DEVICES),
)
"""The choices of a desktop with a headset."""


class ScriptedClient(ControlClient):
    """A client whose choices are scripted."""

    def choices(self) -> Choices:
        return CHOICES


@dataclass
class RecordingActions:
    """Records the local actions.

    Attributes:
        done: in order.
    """

    done: list[str]
    at_login: bool = False

    def start_daemon(self) -> None:
        self.done.append("start")

    def last_failure(self) -> MenuProblem | None:
        return None

    def starts_at_login(self) -> bool:
        return self.at_login

    def set_start_at_login(self, enabled: bool) -> None:
        self.done.append(f"at login {enabled}")
        self.at_login = enabled


def where(tray: Tray) -> dict[str, Any]:
    """Report position and colour of the icon, and every visible item with the position of its centre."""
    icon = tray._tray.geometry()
    seen = [menu for menu in QApplication.topLevelWidgets() if isinstance(menu, QMenu) and menu.isVisible()]
    items = []
    for menu in seen:
        for action in menu.actions():
            middle = menu.mapToGlobal(menu.actionGeometry(action).center()) * menu.devicePixelRatio()
            if action.text():
                label, enabled = action.text().replace("&&", "&"), action.isEnabled()
                items.append({"label": label, "enabled": enabled, "checked": action.isChecked()})
                items[-1] |= {"x": middle.x(), "y": middle.y()}
    screen = QApplication.primaryScreen()
    ratio, middle = screen.devicePixelRatio(), icon.center()
    spot = QPoint(icon.left() + 2, middle.y()) * ratio
    found = {"colour": screen.grabWindow(0).toImage().pixelColor(spot).name(), "width": icon.width()}
    return {"icon": {**found, "x": int(middle.x() * ratio), "y": int(middle.y() * ratio)}, "items": items}


def picture(tray: Tray) -> QPixmap:
    """Grab the part of the screen with the icon and the open menus."""
    part = tray._tray.geometry()
    for menu in QApplication.topLevelWidgets():
        if isinstance(menu, QMenu) and menu.isVisible():
            part = part.united(menu.geometry())
    screen = QApplication.primaryScreen()
    part = part.adjusted(-16, -16, 16, 16).intersected(screen.geometry())
    return screen.grabWindow(0, part.x(), part.y(), part.width(), part.height())


def icons() -> QPixmap:
    """Draw every icon on a light and on a dark panel, in two sizes."""
    shown = QPixmap(90 * len(Icon), 200)
    painter = QPainter(shown)
    for top, background in ((0, "#f2f2f2"), (100, "#26282b")):
        painter.fillRect(0, top, shown.width(), 100, QColor(background))
        for place, state in enumerate(Icon):
            painter.drawPixmap(90 * place + 13, top + 10, drawn(state).pixmap(48, 48))
            painter.drawPixmap(90 * place + 26, top + 68, drawn(state).pixmap(22, 22))
    painter.end()
    return shown


def backdrop() -> QLabel:
    """Show a plain backbackground."""
    shown = QLabel()
    shown.setWindowFlags(Qt.WindowType.X11BypassWindowManagerHint | Qt.WindowType.WindowStaysOnBottomHint)
    shown.setStyleSheet("background: qlineargradient(x1:0, y1:0, x2:1, y2:1, stop:0 #b9c9d6, stop:1 #7f96a8)")
    shown.setGeometry(QApplication.primaryScreen().geometry())
    shown.show()
    shown.lower()
    return shown


def main() -> None:
    app, actions = create_application(), RecordingActions([])
    tray = Tray(lambda show: MenuPresenter(show, actions, ScriptedClient))

    def run_command() -> None:
        line = sys.stdin.readline()
        match line.split():
            case ["where"]:
                answer = where(tray) | {"done": actions.done, "tip": tray._tray.toolTip()}
            case ["picture", file]:
                answer = {"saved": picture(tray).save(file)}
            case ["icons", file]:
                answer = {"saved": icons().save(file)}
            case _:
                app.quit()
                return
        print(json.dumps(answer), flush=True)

    commands = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    commands.activated.connect(run_command)
    windows = [backdrop()] if "--backdrop" in sys.argv else []
    tray.show()
    app.exec()
    tray.close()
    windows.clear()


if __name__ == "__main__":
    main()
