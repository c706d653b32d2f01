"""The menu in a process of its own that also tells what can be seen on the screen.

The icon, the menu, the following of the daemon and the clicks are the product's; what there is to choose from, and
what is done on this machine, are a test's. It reads commands from standard input, a line each, and answers with a
line of JSON: ``where`` tells all that can be seen, ``picture FILE`` and ``icons FILE`` keep a picture.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPoint, QSocketNotifier, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QLabel, QMenu

from voicemate.control.status import Choice, Choices
from voicemate.menu.icon import Icon
from voicemate.menu.menu_state import MenuProblem
from voicemate.menu.presenter import MenuPresenter
from voicemate.menu.qt.icon_images import icon_image as drawn
from voicemate.menu.qt.tray import Tray, create_application


def choices(persona: str) -> Choices:
    """What a desktop with a headset might have."""
    devices = ("Built-in Audio Analog Stereo", "Jabra Evolve2 65 & Dongle")
    return Choices(
        (Choice("ambrose", "Ambrose"), Choice("juniper", "Juniper"), Choice("xiaolan", "Xiaolan")),
        (Choice("gmw/en-us", "English (America)"), Choice("gmw/en-gb-x-rp", "English (Received Pronunciation)")),
        tuple(Choice(name, name) for name in (*devices, "Blue Yeti")),
        tuple(Choice(name, name) for name in devices),
    )


@dataclass
class RecordingActions:
    """Notes what it is to do.

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
    """The icon's place and colour, and every item that can be seen, with the middle of its place."""
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
    """The part of the screen that has the icon and the open menus on it."""
    part = tray._tray.geometry()
    for menu in QApplication.topLevelWidgets():
        if isinstance(menu, QMenu) and menu.isVisible():
            part = part.united(menu.geometry())
    screen = QApplication.primaryScreen()
    part = part.adjusted(-16, -16, 16, 16).intersected(screen.geometry())
    return screen.grabWindow(0, part.x(), part.y(), part.width(), part.height())


def icons() -> QPixmap:
    """Every icon on a light panel and on a dark one, large and as small as panels have them."""
    shown = QPixmap(90 * len(Icon), 200)
    painter = QPainter(shown)
    for top, ground in ((0, "#f2f2f2"), (100, "#26282b")):
        painter.fillRect(0, top, shown.width(), 100, QColor(ground))
        for place, state in enumerate(Icon):
            painter.drawPixmap(90 * place + 13, top + 10, drawn(state).pixmap(48, 48))
            painter.drawPixmap(90 * place + 26, top + 68, drawn(state).pixmap(22, 22))
    painter.end()
    return shown


def backdrop() -> QLabel:
    """Something quiet behind it all."""
    shown = QLabel()
    shown.setWindowFlags(Qt.WindowType.X11BypassWindowManagerHint | Qt.WindowType.WindowStaysOnBottomHint)
    shown.setStyleSheet("background: qlineargradient(x1:0, y1:0, x2:1, y2:1, stop:0 #b9c9d6, stop:1 #7f96a8)")
    shown.setGeometry(QApplication.primaryScreen().geometry())
    shown.show()
    shown.lower()
    return shown


def main() -> None:
    app, errands = create_application(), RecordingActions([])
    tray = Tray(lambda show: MenuPresenter(show, errands, load_choices=choices))

    def obey() -> None:
        line = sys.stdin.readline()
        match line.split():
            case ["where"]:
                answer = where(tray) | {"done": errands.done, "tip": tray._tray.toolTip()}
            case ["picture", file]:
                answer = {"saved": picture(tray).save(file)}
            case ["icons", file]:
                answer = {"saved": icons().save(file)}
            case _:
                app.quit()
                return
        print(json.dumps(answer), flush=True)

    commands = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    commands.activated.connect(obey)
    behind = [backdrop()] if "--backdrop" in sys.argv else []
    tray.show()
    app.exec()
    tray.close()
    behind.clear()


if __name__ == "__main__":
    main()
