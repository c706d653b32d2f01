"""The icon in the menu bar of a Mac and its menu, with AppKit (pyobjc). Everything runs on the main thread.

AppKit does not keep a menu item's target alive, and a menu that enables its items automatically disables those
without an action. docs/explanation/macos.md lists what only a real Mac can confirm.
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
"""Names of SF Symbols. macOS draws template images in the colour of the menu bar."""

_VARIABLE_LENGTH = -1  # NSVariableStatusItemLength
_ACCESSORY = 1  # NSApplicationActivationPolicyAccessory: no Dock icon, no menus of its own
_ON, _OFF = 1, 0  # NSControlStateValue


def load_appkit() -> Any:
    """Import AppKit and pyobjc's AppHelper; returns both as ``kit``.

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
    """Show the menu until the user quits it; AppKit then ends the process. Called on the main thread."""
    application = kit.AppKit.NSApplication.sharedApplication()
    application.setActivationPolicy_(_ACCESSORY)
    menu_bar = MenuBar(make_presenter, kit)
    menu_bar.show()
    kit.AppHelper.runEventLoop(installInterrupt=True)


class MenuBar:
    """Draws the menu of a presenter.

    Args:
        make_presenter: makes the presenter, given the function that shows a menu from any thread.
        kit: from ``load_appkit``.
    """

    def __init__(self, make_presenter: Callable[[Callable[[Menu], None]], MenuPresenter], kit: Any) -> None:
        self._kit = kit
        self._target = _menu_target_class(kit.AppKit.NSObject).alloc().init()  # menu items do not keep it alive
        self._target.opening, self._target.chosen = self._on_menu_opening, self._on_item_chosen
        self._menu = self._new_menu()
        self._menu.setDelegate_(self._target)
        bar = kit.AppKit.NSStatusBar.systemStatusBar()
        self._status_item = bar.statusItemWithLength_(_VARIABLE_LENGTH)  # removed when it is not kept alive
        self._status_item.setMenu_(self._menu)
        self._drawn: tuple[MenuItem, ...] = ()
        self._presenter = make_presenter(lambda shown: kit.AppHelper.callAfter(self._draw, shown))

    def show(self) -> None:
        """Show the icon."""
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
        if image is None:  # this macOS does not have the symbol
            button.setTitle_("voicemate")
        else:
            image.setTemplate_(True)
            button.setTitle_("")
        button.setImage_(image)
        button.setToolTip_(shown.tooltip)

    def _draw_items(self, into: Any, before: Sequence[MenuItem], items: Sequence[MenuItem]) -> None:
        """Update items with the same structure in place, so that an open menu stays open; otherwise rebuild it."""
        if list(map(_shape, before)) != list(map(_shape, items)):
            into.removeAllItems()
            for item in items:
                into.addItem_(self._new_item(item))
            before = [MenuItem()] * len(items)  # the submenus are empty
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
        made.setAutoenablesItems_(False)  # it would disable items without an action
        return made

    # ------------------------------------------------------------ clicks

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
                pasteboard = self._kit.AppKit.NSPasteboard.generalPasteboard()
                pasteboard.clearContents()
                pasteboard.setString_forType_(text, self._kit.AppKit.NSPasteboardTypeString)
            case _:
                self._presenter.perform(item.action)


def _shape(item: MenuItem) -> tuple[bool, bool]:
    return bool(item.label), bool(item.items)


@cache
def _menu_target_class(ns_object: Any) -> Any:
    """Make the Objective-C class whose methods AppKit calls. A process can define a class name only once."""

    class VoicemateMenuTarget(ns_object):
        def chosen_(self, sender: Any) -> None:
            self.chosen(sender.representedObject())

        def menuWillOpen_(self, menu: Any) -> None:
            self.opening()

    return VoicemateMenuTarget
