"""Conversations on tape: recorded, decided again, and tuned from.

::

    microphone ──┐                          ┌── replay: the same decisions again, or the first difference
    ears ────────┤                          │
    floor ───────┼─> recorder ─> file ──────┼── what if: other settings, turn by turn
    events ──────┤   (a thread)             │
    loudspeaker ─┘                          └── tuning: a person's own curve of gap against false cut-ins
"""
