"""Draws the icons: a coloured disc with a white symbol, legible on dark and light panels.

The states differ in symbol and colour. Symbols are drawn in a 64 by 64 square.
"""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from voicemate.menu.icon import Icon

SIZES = (16, 22, 24, 32, 48, 64, 128)
"""Sizes that trays use, in pixels."""

_SIDE = 64.0

_WHITE = QColor("#ffffff")


def icon_image(state: Icon) -> QIcon:
    """Draw the icon of ``state`` in every size."""
    found = QIcon()
    for size in SIZES:
        found.addPixmap(_pixmap(state, size))
    return found


def _pixmap(state: Icon, size: int) -> QPixmap:
    colour, symbol = _APPEARANCE[state]
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / _SIDE, size / _SIDE)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(QRectF(1, 1, 62, 62))
    painter.setPen(_line(5.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    symbol(painter)
    painter.end()
    return pixmap


def _line(width: float) -> QPen:
    return QPen(QBrush(_WHITE), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _filled(painter: QPainter, *shapes: QRectF, radius: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_WHITE)
    for shape in shapes:
        painter.drawRoundedRect(shape, radius, radius)
    painter.setPen(_line(5.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _microphone(painter: QPainter) -> None:
    _filled(painter, QRectF(25, 11, 14, 25), radius=7)
    painter.drawArc(QRectF(18, 15, 28, 28), 180 * 16, 180 * 16)
    painter.drawLine(QPointF(32, 43), QPointF(32, 51))


def _muted(painter: QPainter) -> None:
    _microphone(painter)
    painter.setPen(QPen(QColor(_APPEARANCE[Icon.MUTED][0]), 14, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(QPointF(20, 19), QPointF(44, 47))
    painter.setPen(_line(5.5))
    painter.drawLine(QPointF(16, 14), QPointF(48, 52))


def _waves(painter: QPainter) -> None:
    for x, half in ((14, 4), (23, 11), (32, 18), (41, 11), (50, 4)):
        painter.drawLine(QPointF(x, 32 - half), QPointF(x, 32 + half))


def _dots(painter: QPainter) -> None:
    _filled(painter, *(QRectF(x - 5, 27, 10, 10) for x in (16, 32, 48)), radius=5)


def _loudspeaker(painter: QPainter) -> None:
    horn = QPainterPath(QPointF(13, 26))
    for x, y in ((20, 26), (31, 16), (31, 48), (20, 38), (13, 38)):
        horn.lineTo(x, y)
    horn.closeSubpath()
    painter.fillPath(horn, _WHITE)
    painter.setPen(_line(3))
    painter.drawPath(horn)
    painter.setPen(_line(5))
    painter.drawArc(QRectF(29, 23, 14, 18), -60 * 16, 120 * 16)
    painter.drawArc(QRectF(25, 14, 28, 36), -55 * 16, 110 * 16)


def _moon(painter: QPainter) -> None:
    full, bite = QPainterPath(), QPainterPath()
    full.addEllipse(QPointF(31, 33), 19, 19)
    bite.addEllipse(QPointF(40, 26), 16, 16)
    painter.fillPath(full.subtracted(bite), _WHITE)


def _exclamation(painter: QPainter) -> None:
    painter.setPen(_line(8))
    painter.drawLine(QPointF(32, 15), QPointF(32, 35))
    painter.drawPoint(QPointF(32, 48))


def _switch(painter: QPainter) -> None:
    painter.drawArc(QRectF(17, 18, 30, 30), 125 * 16, 290 * 16)
    painter.drawLine(QPointF(32, 13), QPointF(32, 30))


_APPEARANCE: dict[Icon, tuple[str, Callable[[QPainter], None]]] = {
    Icon.NOT_RUNNING: ("#7a7f87", _switch),
    Icon.ASLEEP: ("#5b6b8c", _moon),
    Icon.LISTENING: ("#1c8577", _microphone),
    Icon.HEARING: ("#2f9e44", _waves),
    Icon.THINKING: ("#b7791f", _dots),
    Icon.SPEAKING: ("#2b6cb0", _loudspeaker),
    Icon.MUTED: ("#7a5195", _muted),
    Icon.ATTENTION: ("#d0342c", _exclamation),
}
"""Colour and symbol by state. White has a contrast above 3:1 on each colour."""
