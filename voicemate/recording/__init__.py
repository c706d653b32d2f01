"""Recordings of conversations.

::

    microphone ──┐
    segmenter ───┤                                  ┌── replay: the same decisions, or the first difference
    floor ───────┼──> recorder (thread) ──> file ───┼── counterfactual: other settings, turn by turn
    events ──────┤                                  └── tuning: the curve of gap against false cut-ins
    speaker ─────┘
"""
