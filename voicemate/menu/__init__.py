"""The menu: an icon that shows the state of voicemate, and a menu that controls it.

It is a client of the control socket; the daemon works without it. ``menu_model`` decides what to show and knows no
toolkit, ``presenter`` keeps it up to date, ``qt/`` and ``appkit`` draw it.
"""
