"""Does a loudspeaker's name say that it sits on somebody's ears?"""

import re

_WORDS = re.compile(
    r"head ?phone|head ?set|ear ?phone|ear ?bud|ear ?pod|air ?pod|in-ear|hörer|casque|écouteur|auricular|"
    r"cuffi|\bfones?\b|наушник|耳机|耳機|ヘッドホン|ヘッドフォン|イヤホン|헤드폰|이어폰|\bbuds\d*\b|\bWH-|\bWF-|\bQuietComfort\b",
    re.IGNORECASE,
)
"""Core Audio calls the analogue jack “External Headphones”, PulseAudio's ports say “Headphones”; Bluetooth devices
have the names of their makers' products. What is not recognised is found out by measuring."""


def is_headphones(name: str) -> bool:
    """Whether ``name`` is that of headphones, earphones or a headset, whose sound no microphone hears."""
    return _WORDS.search(name) is not None
