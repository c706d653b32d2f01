"""The menu in a Linux desktop's tray, by Qt (PySide6, the extra ``tray``; LGPL)."""
