"""A ``QMenu`` that follows the menu model, also while it is open: what keeps its shape is changed in place."""

from collections.abc import Callable, Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from voicemate.desktop.actions import Action
from voicemate.desktop.menu import Item


def draw(into: QMenu, items: Sequence[Item], chosen: Callable[[Action], None]) -> None:
    """Have ``into`` show ``items``.

    Args:
        chosen: called with the action of an item that is clicked.
    """
    drawn = into.actions()
    if len(drawn) != len(items) or not all(map(_same_shape, drawn, items)):
        for action in drawn:
            if submenu := _submenu(action):
                submenu.deleteLater()
        into.clear()
        drawn = [_added(into, item, chosen) for item in items]
    for action, item in zip(drawn, items, strict=True):
        _fill(action, item)
        if submenu := _submenu(action):
            draw(submenu, item.items, chosen)


def _same_shape(action: QAction, item: Item) -> bool:
    return (
        action.isSeparator() == (not item.label)
        and (_submenu(action) is not None) == bool(item.items)
        and action.isCheckable() == (item.checked is not None and not item.items)
    )


def _added(into: QMenu, item: Item, chosen: Callable[[Action], None]) -> QAction:
    if not item.label:
        return into.addSeparator()
    if item.items:
        return into.addMenu("").menuAction()
    action = into.addAction("")
    action.setCheckable(item.checked is not None)
    action.triggered.connect(lambda: _clicked(action, chosen))
    return action


def _fill(action: QAction, item: Item) -> None:
    if not item.label:
        return
    action.setText(item.label.replace("&", "&&"))  # a single one marks a key
    action.setEnabled(item.enabled)
    action.setData(item)
    if action.isCheckable():
        action.setChecked(bool(item.checked))


def _clicked(action: QAction, chosen: Callable[[Action], None]) -> None:
    """Qt has toggled the check mark; it is put back, since the daemon says what is so."""
    item: Item = action.data()
    if action.isCheckable():
        action.setChecked(bool(item.checked))
    if item.action:
        chosen(item.action)


def _submenu(action: QAction) -> QMenu | None:
    found = action.menu()
    return found if isinstance(found, QMenu) else None
