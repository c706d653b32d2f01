"""The menu bar: an icon that tells how voicemate is, and a menu that tells it what to do.

A client of the control socket and nothing else; the daemon works the same without it. ``menu`` decides what is shown
and knows no toolkit, ``companion`` keeps it up to date, ``qt/`` and ``appkit`` draw it.
"""
