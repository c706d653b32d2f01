"""The menu in a process of its own that also tells what can be seen on the screen.

The icon, the menu, the following of the daemon and the clicks are the product's; what there is to choose from, and
what is done on this machine, are a test's. It reads commands from standard input, a line each, and answers with a
line of JSON: ``where`` tells all that can be seen, ``grab FILE`` takes a picture of the screen.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSocketNotifier
from PySide6.QtWidgets import QApplication, QMenu

from voicemate.desktop.companion import Companion
from voicemate.desktop.known import Choice, Choices, Trouble
from voicemate.desktop.qt.tray import Tray, application


def choices(persona: str) -> Choices:
    """What a desktop with a headset might have."""
    devices = ("Built-in Audio Analog Stereo", "Jabra Evolve2 65 & Dongle")
    return Choices(
        (Choice("ambrose", "Ambrose"), Choice("juniper", "Juniper"), Choice("xiaolan", "小兰")),
        (Choice("gmw/en-us", "English (America)"), Choice("gmw/en-gb-x-rp", "English (Received Pronunciation)")),
        tuple(Choice(name, name) for name in (*devices, "Blue Yeti")),
        tuple(Choice(name, name) for name in devices),
    )


@dataclass
class NotedErrands:
    """Notes what it is to do.

    Attributes:
        done: in order.
    """

    done: list[str]
    at_login: bool = False

    def start(self) -> None:
        self.done.append("start")

    def why_down(self) -> Trouble | None:
        return None

    def starts_at_login(self) -> bool:
        return self.at_login

    def start_at_login(self, on: bool) -> None:
        self.done.append(f"at login {on}")
        self.at_login = on


def where(tray: Tray) -> dict[str, Any]:
    """The icon's place and colour, and every item that can be seen, with the middle of its place."""
    icon = tray._tray.geometry()
    seen = [menu for menu in QApplication.topLevelWidgets() if isinstance(menu, QMenu) and menu.isVisible()]
    items = []
    for menu in seen:
        for action in menu.actions():
            middle = menu.mapToGlobal(menu.actionGeometry(action).center())
            if action.text():
                label, enabled = action.text().replace("&&", "&"), action.isEnabled()
                items.append({"label": label, "enabled": enabled, "checked": action.isChecked()})
                items[-1] |= {"x": middle.x(), "y": middle.y()}
    middle = icon.center()
    colour = QApplication.primaryScreen().grabWindow(0).toImage().pixelColor(icon.left() + 2, middle.y()).name()
    return {"icon": {"x": middle.x(), "y": middle.y(), "width": icon.width(), "colour": colour}, "items": items}


def main() -> None:
    app, errands = application(), NotedErrands([])
    tray = Tray(lambda show: Companion(show, errands, look_up=choices))

    def obey() -> None:
        line = sys.stdin.readline()
        match line.split():
            case ["where"]:
                answer = where(tray) | {"done": errands.done, "tip": tray._tray.toolTip()}
            case ["grab", file]:
                answer = {"saved": QApplication.primaryScreen().grabWindow(0).save(file)}
            case _:
                app.quit()
                return
        print(json.dumps(answer), flush=True)

    commands = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    commands.activated.connect(obey)
    tray.show()
    app.exec()
    tray.close()


if __name__ == "__main__":
    main()
