"""What the words alone say about the end of a turn: do they plainly break off?

People pause in the middle of a sentence after a connective, an article or a filler ("I went there and …", "the,
um …"), and nobody ends a turn on one. The lists hold only words that end no sentence; prepositions, for one, do
("where I come from"), and so do "so" ("I think so") and German "das". The persona's language model judges the rest.
"""

import re

_OPEN_ENDS = {
    "en": "and but or because if when while although unless than as of into the a an my your our their every very i "
    "um umm uh uhm er erm hm hmm",
    "de": "und oder aber weil wenn dass obwohl der ein eine einen einem eines mein meine dein deine sehr äh ähm hm "
    "hmm",
    "fr": "et ou mais parce que si un une des mon ma mes ton ta tes au aux euh heu hm",
    "es": "y o pero porque que si el los las un una mi tu su eh em hm",
}
_OPEN_ENDS_ZH = "但是 可是 不过 因为 所以 如果 而且 并且 或者 还是说 然后 以及 比如 比如说 嗯 呃 额 一个 的话"
_BACKCHANNELS = {"hm", "hmm", "嗯", "额"}
"""Alone they are an answer."""

_CONTRACTED = re.compile(r"(?:'(?:m|re|ll|ve)|^(?:it|that|he|she|there|what|who|let)'s)$")
"""English auxiliaries are contracted only before something else."""

_CLOSERS = "\"'”’»)]} "
_FULL_STOPS = ".。"
_MARKS = ("?", "!", "？", "！")
_BREAKS = (",", "，", "、", "…", "...", "-", "–", "—", ":", "：", ";", "；")


def unfinished(text: str, language: str) -> bool:
    """True when ``text`` plainly breaks off.

    Args:
        text: a transcript; whisper closes even a broken sentence with a full stop, so a full stop says nothing,
            while a question or exclamation mark is heard in the voice and does.
        language: two letters; languages without a list are judged by punctuation alone.
    """
    bare = text.rstrip(_CLOSERS)
    if bare.endswith(_BREAKS):
        return True
    if bare.endswith(_MARKS):
        return False
    bare = bare.rstrip(_FULL_STOPS).lower().replace("’", "'")
    if language == "zh":
        return bare not in _BACKCHANNELS and bare.endswith(tuple(_OPEN_ENDS_ZH.split()))
    words = [word.strip(',.;:!?¿¡"«»()') for word in bare.split()]
    if not words or (len(words) == 1 and words[0] in _BACKCHANNELS):
        return False
    return words[-1] in _OPEN_ENDS.get(language, "").split() or (
        language == "en" and _CONTRACTED.search(words[-1]) is not None
    )


def without_closing(text: str) -> str:
    """``text`` without the marks that close it: what the language model is asked to judge as a whole sentence."""
    return text.rstrip(_CLOSERS + _FULL_STOPS + "".join(_MARKS) + "…,，")
