"""Updates a ``QMenu`` to the menu model, also while it is open: items with the same structure change in place."""

from collections.abc import Callable, Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from voicemate.menu.actions import MenuAction
from voicemate.menu.menu_model import MenuItem


def update_menu(into: QMenu, items: Sequence[MenuItem], chosen: Callable[[MenuAction], None]) -> None:
    """Update ``into`` to show ``items``.

    Args:
        into: the menu or submenu.
        items: what it shows.
        chosen: called with the action of an item that is clicked.
    """
    drawn = into.actions()
    if len(drawn) != len(items) or not all(map(_same_shape, drawn, items)):
        for action in drawn:
            if submenu := _submenu(action):
                submenu.deleteLater()
        into.clear()
        drawn = [_add_action(into, item, chosen) for item in items]
    for action, item in zip(drawn, items, strict=True):
        _update_action(action, item)
        if submenu := _submenu(action):
            update_menu(submenu, item.items, chosen)


def _same_shape(action: QAction, item: MenuItem) -> bool:
    return (
        action.isSeparator() == (not item.label)
        and (_submenu(action) is not None) == bool(item.items)
        and action.isCheckable() == (item.checked is not None and not item.items)
    )


def _add_action(into: QMenu, item: MenuItem, chosen: Callable[[MenuAction], None]) -> QAction:
    if not item.label:
        return into.addSeparator()
    if item.items:
        return into.addMenu("").menuAction()
    action = into.addAction("")
    action.setCheckable(item.checked is not None)
    action.triggered.connect(lambda: _on_clicked(action, chosen))
    return action


def _update_action(action: QAction, item: MenuItem) -> None:
    if not item.label:
        return
    action.setText(item.label.replace("&", "&&"))  # a single & marks a shortcut
    action.setEnabled(item.enabled)
    action.setData(item)
    if action.isCheckable():
        action.setChecked(bool(item.checked))


def _on_clicked(action: QAction, chosen: Callable[[MenuAction], None]) -> None:
    """Undo the check mark that Qt has toggled, since the daemon's status decides it, and perform the action."""
    item: MenuItem = action.data()
    if action.isCheckable():
        action.setChecked(bool(item.checked))
    if item.action:
        chosen(item.action)


def _submenu(action: QAction) -> QMenu | None:
    found = action.menu()
    return found if isinstance(found, QMenu) else None
