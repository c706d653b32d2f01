"""The icon in the menu bar of a Mac and its menu, by AppKit (pyobjc). All of it lives on the main thread.

Written against reports of real Macs (docs/explanation/macos.md lists what only one can confirm), so what AppKit
punishes is said where it is avoided: everything happens on the main thread, menu items hold their target weakly,
and a menu that enables its items by itself disables those that only tell something.
"""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

from voicemate.core.errors import MenuError
from voicemate.menu.actions import CopyText, QuitMenu
from voicemate.menu.icon import Icon
from voicemate.menu.menu_model import Menu, MenuItem
from voicemate.menu.presenter import MenuPresenter

SYMBOLS = {
    Icon.NOT_RUNNING: "power",
    Icon.ASLEEP: "moon.zzz",
    Icon.LISTENING: "mic",
    Icon.HEARING: "waveform",
    Icon.THINKING: "ellipsis.bubble",
    Icon.SPEAKING: "speaker.wave.2",
    Icon.MUTED: "mic.slash",
    Icon.ATTENTION: "exclamationmark.triangle",
}
"""Names of SF Symbols. As template images macOS draws them to suit a dark menu bar and a light one."""

_VARIABLE_LENGTH = -1  # NSVariableStatusItemLength
_ACCESSORY = 1  # NSApplicationActivationPolicyAccessory: no Dock icon, no menus of its own
_ON, _OFF = 1, 0  # NSControlStateValue


def load_appkit() -> Any:
    """AppKit and what pyobjc has beside it: ``kit`` below.

    Raises:
        DesktopError: it is not installed.
    """
    try:
        import AppKit  # type: ignore[import-not-found]
        from PyObjCTools import AppHelper  # type: ignore[import-not-found]
    except ImportError:
        raise MenuError(
            "The menu needs pyobjc, which is not installed",
            f"Install it with `{sys.executable} -m pip install pyobjc-framework-Cocoa`",
        ) from None
    return SimpleNamespace(AppKit=AppKit, AppHelper=AppHelper)


def run(make_presenter: Callable[[Callable[[Menu], None]], MenuPresenter], kit: Any) -> None:
    """Show the menu until it is quit; AppKit then ends the process. To be called on the main thread."""
    application = kit.AppKit.NSApplication.sharedApplication()
    application.setActivationPolicy_(_ACCESSORY)
    menu_bar = MenuBar(make_presenter, kit)
    menu_bar.show()
    kit.AppHelper.runEventLoop(installInterrupt=True)


class MenuBar:
    """Draws what the companion shows.

    Args:
        make_companion: gets the function that is to be called with every new menu, from any thread.
    """

    def __init__(self, make_presenter: Callable[[Callable[[Menu], None]], MenuPresenter], kit: Any):
        self._kit = kit
        self._target = _menu_target_class(kit.AppKit.NSObject).alloc().init()  # menu items do not keep it
        self._target.opening, self._target.chosen = self._on_menu_opening, self._on_item_chosen
        self._menu = self._new_menu()
        self._menu.setDelegate_(self._target)
        bar = kit.AppKit.NSStatusBar.systemStatusBar()
        self._status_item = bar.statusItemWithLength_(_VARIABLE_LENGTH)  # gone when nobody keeps it
        self._status_item.setMenu_(self._menu)
        self._drawn: tuple[MenuItem, ...] = ()
        self._presenter = make_presenter(lambda shown: kit.AppHelper.callAfter(self._draw, shown))

    def show(self) -> None:
        self._presenter.start()

    # ------------------------------------------------------------ drawing

    def _draw(self, shown: Menu) -> None:
        self._draw_icon(shown)
        self._draw_items(self._menu, self._drawn, shown.items)
        self._drawn = shown.items

    def _draw_icon(self, shown: Menu) -> None:
        button = self._status_item.button()
        image = self._kit.AppKit.NSImage.imageWithSystemSymbolName_accessibilityDescription_(
            SYMBOLS[shown.icon], shown.tooltip
        )
        if image is None:  # a macOS that does not know the symbol
            button.setTitle_("voicemate")
        else:
            image.setTemplate_(True)
            button.setTitle_("")
        button.setImage_(image)
        button.setToolTip_(shown.tooltip)

    def _draw_items(self, into: Any, before: Sequence[MenuItem], items: Sequence[MenuItem]) -> None:
        """Change what keeps its shape in place, so that an open menu stays open; all else is made anew."""
        if list(map(_shape, before)) != list(map(_shape, items)):
            into.removeAllItems()
            for item in items:
                into.addItem_(self._new_item(item))
            before = [MenuItem()] * len(items)  # of its submenus, nothing is drawn yet
        for place, (old, item) in enumerate(zip(before, items, strict=True)):
            if item.label:
                self._update_item(into.itemAtIndex_(place), old, item)

    def _new_item(self, item: MenuItem) -> Any:
        ns_menu_item = self._kit.AppKit.NSMenuItem
        if not item.label:
            return ns_menu_item.separatorItem()
        made = ns_menu_item.alloc().initWithTitle_action_keyEquivalent_(item.label, "chosen:", "")
        made.setTarget_(self._target)
        if item.items:
            made.setSubmenu_(self._new_menu())
        return made

    def _update_item(self, made: Any, old: MenuItem, item: MenuItem) -> None:
        made.setTitle_(item.label)
        made.setEnabled_(item.enabled)
        made.setState_(_ON if item.checked else _OFF)
        made.setRepresentedObject_(item)
        if item.items:
            self._draw_items(made.submenu(), old.items, item.items)

    def _new_menu(self) -> Any:
        made = self._kit.AppKit.NSMenu.alloc().init()
        made.setAutoenablesItems_(False)  # it would enable and disable by what the target answers to
        return made

    # ------------------------------------------------------------ being clicked

    def _on_menu_opening(self) -> None:
        self._presenter.on_menu_opening()

    def _on_item_chosen(self, item: MenuItem) -> None:
        match item.action:
            case None:
                pass
            case QuitMenu():
                self._presenter.stop()
                self._kit.AppHelper.stopEventLoop()
            case CopyText(text=text):
                board = self._kit.AppKit.NSPasteboard.generalPasteboard()
                board.clearContents()
                board.setString_forType_(text, self._kit.AppKit.NSPasteboardTypeString)
            case action:
                self._presenter.perform(action)


def _shape(item: MenuItem) -> tuple[bool, bool]:
    return bool(item.label), bool(item.items)


@cache
def _menu_target_class(ns_object: Any) -> Any:
    """The Objective-C class whose methods AppKit calls; a class of that name can be made once in a process."""

    class VoicemateMenuTarget(ns_object):
        def chosen_(self, sender: Any) -> None:
            self.chosen(sender.representedObject())

        def menuWillOpen_(self, menu: Any) -> None:
            self.opening()

    return VoicemateMenuTarget
