"""The menu in the tray of a Linux desktop, with Qt (PySide6, the extra ``tray``; LGPL)."""
