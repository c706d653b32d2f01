"""Takes the pictures of docs/guide/menu.md: ``python -m tests.integration.desktop.tray.picture docs/images``.

The real tray, daemon and menu of these tests: with a submenu open, with something wrong, and all icons.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.integration.desktop.tray.scripted_daemon import ScriptedDaemon
from tests.integration.desktop.tray.shown_menu import shown_menu
from tests.integration.desktop.tray.tray_screen import Desktop, wait_until
from voicemate.core.errors import ModelError
from voicemate.history import HistoryWriter

SAID = (
    ("I had a long day at work.", "Oh, those days are tiring. Sit down and catch your breath. What was hardest?"),
    ("Two meetings, one after the other.", "Then the tea is on me. Basil kept the good chair warm for you."),
)


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="vm-", dir="/tmp") as home, Desktop() as desktop:
        os.environ["VOICEMATE_HOME"] = home
        _remember()
        large = {"QT_SCALE_FACTOR": "1.5"}
        with ScriptedDaemon() as daemon, shown_menu(desktop, Path(home), "--backdrop", environment=large) as menu:
            wait_until(lambda: "listening" in menu.seen()["tip"], "it listens")
            menu.open(button=1)
            menu.click_item("Character")
            menu.item("Ambrose")
            menu.asked(f"picture {folder / 'menu.png'}")
            menu.close()
            daemon.shelf.missing = ModelError(
                "The model `smollm2-135m` is missing", "Fetch it with `voicemate models pull smollm2-135m`"
            )
            menu.click("Character", "Ambrose")
            wait_until(lambda: "Not listening" in menu.seen()["tip"], "something is wrong")
            menu.open(button=1)
            menu.click_item("⚠ The model")
            menu.item("Try again now")
            menu.asked(f"picture {folder / 'menu-trouble.png'}")
            menu.asked(f"icons {folder / 'menu-icons.png'}")


def _remember() -> None:
    history = HistoryWriter()
    history.start_session("Juniper", {})
    for number, (said, reply) in enumerate(SAID, 1):
        history.start_turn(number, said, "en")
        history.finish_turn(number, reply, False)
    history.close()


if __name__ == "__main__":
    main()
