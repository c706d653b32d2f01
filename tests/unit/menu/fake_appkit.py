"""A fake AppKit that enforces the rules of the real one; the ``kit`` of ``menu.appkit``.

Everything but ``callAfter`` must be called on the main thread. Menu items and menus do not keep their target and
delegate alive, the status bar does not keep its items alive, a menu that enables its items automatically disables
those whose target is gone, an unknown symbol has no image, and arguments of a wrong type are refused.
"""

import threading
import weakref
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


class FakeObject:
    """``NSObject``: made by ``alloc().init…()``, and only on the main thread."""

    def __init__(self) -> None:
        _on_main_thread()

    @classmethod
    def alloc(cls) -> Any:
        return cls()

    def init(self) -> Any:
        return self


_main = threading.main_thread()


def _on_main_thread() -> None:
    if threading.current_thread() is not _main:
        raise SystemError("AppKit was used off the main thread: the real one would crash")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected NSString, got {value!r}")
    return value


class FakeItem(FakeObject):
    """``NSMenuItem``."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.enabled, self.state, self.separator = "", True, 0, False
        self._target: Callable[[], Any] = lambda: None
        self._submenu: FakeMenu | None = None
        self._represented: Any = None

    @classmethod
    def separatorItem(cls) -> "FakeItem":
        found = cls()
        found.separator = True
        return found

    def initWithTitle_action_keyEquivalent_(self, title: str, action: str, key: str) -> "FakeItem":
        self.title, self.action = _text(title), _text(action)
        return self

    def setTarget_(self, target: Any) -> None:
        self._target = weakref.ref(target)

    def setTitle_(self, title: str) -> None:
        _on_main_thread()
        self.title = _text(title)

    def setEnabled_(self, enabled: bool) -> None:
        self.enabled = bool(enabled)

    def setState_(self, state: int) -> None:
        self.state = int(state)

    def setRepresentedObject_(self, represented: Any) -> None:
        self._represented = represented

    def representedObject(self) -> Any:
        return self._represented

    def setSubmenu_(self, submenu: "FakeMenu") -> None:
        self._submenu = submenu

    def submenu(self) -> "FakeMenu | None":
        return self._submenu

    def click(self) -> None:
        """Click as a user does: nothing happens if the item is disabled or its target is gone."""
        target = self._target()
        if self.enabled and target is not None and self._submenu is None:
            getattr(target, self.action.replace(":", "_"))(self)


class FakeMenu(FakeObject):
    """``NSMenu``; ``rebuilt`` counts how often all its items were removed, which closes open submenus."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[FakeItem] = []
        self.rebuilt = 0
        self._autoenables = True
        self._delegate: Callable[[], Any] = lambda: None

    def setAutoenablesItems_(self, wanted: bool) -> None:
        self._autoenables = wanted

    def setDelegate_(self, delegate: Any) -> None:
        self._delegate = weakref.ref(delegate)

    def addItem_(self, item: FakeItem) -> None:
        _on_main_thread()
        self.items.append(item)

    def itemAtIndex_(self, place: int) -> FakeItem:
        return self.items[place]

    def removeAllItems(self) -> None:
        _on_main_thread()
        self.items.clear()
        self.rebuilt += 1

    def open(self) -> None:
        """Open as a click on the icon does."""
        delegate = self._delegate()
        if delegate is not None:
            delegate.menuWillOpen_(self)
        if self._autoenables:
            for item in self.items:
                item.enabled = item._target() is not None

    def titles(self) -> list[str]:
        return ["-" if item.separator else item.title for item in self.items]

    def item(self, title: str) -> FakeItem:
        return next(item for item in self.items if item.title == title)


class FakeImage:
    """``NSImage`` with some symbols of macOS 11."""

    known = frozenset(
        ("mic", "mic.slash", "waveform", "ellipsis.bubble", "speaker.wave.2", "exclamationmark.triangle")
    )

    def __init__(self, name: str):
        self.name, self.template = name, False

    @classmethod
    def imageWithSystemSymbolName_accessibilityDescription_(cls, name: str, description: str) -> "FakeImage | None":
        _text(description)
        return cls(_text(name)) if name in cls.known else None

    def setTemplate_(self, template: bool) -> None:
        self.template = template


class FakeButton:
    """The status item's ``NSStatusBarButton``."""

    def __init__(self) -> None:
        self.title, self.tip = "", ""
        self.image: FakeImage | None = None

    def setTitle_(self, title: str) -> None:
        self.title = _text(title)

    def setImage_(self, image: FakeImage | None) -> None:
        _on_main_thread()
        self.image = image

    def setToolTip_(self, tip: str) -> None:
        self.tip = _text(tip)


class FakeStatusItem(FakeObject):
    """``NSStatusItem``."""

    def __init__(self) -> None:
        super().__init__()
        self._button = FakeButton()
        self.menu: FakeMenu | None = None

    def button(self) -> FakeButton:
        return self._button

    def setMenu_(self, menu: FakeMenu) -> None:
        self.menu = menu


class FakeMac:
    """A Mac's menu bar and main thread.

    Attributes:
        kit: for ``menu.appkit``.
        policy: the activation policy; 0 has a Dock icon.
        copied: the clipboard.
        ended: the event loop was stopped.
    """

    def __init__(self) -> None:
        self.policy, self.copied, self.ended, self.looped = 0, "", False, False
        self._status_items: weakref.WeakSet[FakeStatusItem] = weakref.WeakSet()
        self._later: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        app = SimpleNamespace(setActivationPolicy_=lambda policy: setattr(self, "policy", policy))
        bar = SimpleNamespace(statusItemWithLength_=self._new_status_item)
        pasteboard = SimpleNamespace(clearContents=lambda: None, setString_forType_=self._copy)
        self.kit = SimpleNamespace(
            AppKit=SimpleNamespace(
                NSObject=FakeObject,
                NSMenu=FakeMenu,
                NSMenuItem=FakeItem,
                NSImage=FakeImage,
                NSApplication=SimpleNamespace(sharedApplication=lambda: app),
                NSStatusBar=SimpleNamespace(systemStatusBar=lambda: bar),
                NSPasteboard=SimpleNamespace(generalPasteboard=lambda: pasteboard),
                NSPasteboardTypeString="public.utf8-plain-text",
            ),
            AppHelper=SimpleNamespace(
                callAfter=lambda call, *arguments: self._later.append((call, arguments)),
                runEventLoop=lambda installInterrupt: setattr(self, "looped", True),
                stopEventLoop=lambda: setattr(self, "ended", True),
            ),
        )

    @property
    def status_item(self) -> FakeStatusItem:
        """The only icon in the menu bar, while it is kept alive."""
        (found,) = self._status_items
        return found

    @property
    def menu(self) -> FakeMenu:
        found = self.status_item.menu
        assert found is not None
        return found

    def turn(self) -> None:
        """Run what was scheduled for the main thread."""
        while self._later:
            call, arguments = self._later.popleft()
            call(*arguments)

    def _new_status_item(self, length: float) -> FakeStatusItem:
        found = FakeStatusItem()
        self._status_items.add(found)
        return found

    def _copy(self, text: str, kind: str) -> bool:
        self.copied = _text(text)
        return True
