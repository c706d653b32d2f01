"""Do the words sound as if more will come?

A vote for the floor, on the words alone: people pause in the middle of a sentence after a connective, an article
or a filler ("I went there and …", "the, um …"), and nobody ends a turn on one. The lists hold only words that do
not end a sentence; prepositions, for one, do ("what are you looking for").
"""

import re

_OPEN_ENDS = {
    "en": "and but or because if when while although unless than the a an my your his its our their um uh uhm er erm "
    "every",
    "de": "und oder aber weil wenn dass obwohl der die das ein eine einen mein dein äh ähm hm also",
    "fr": "et ou mais parce que qui le la les un une des mon ma mes ton ta euh heu donc",
    "es": "y o pero porque que si el la los las un una mi tu su eh este pues",
    "zh": "和 但是 可是 因为 所以 如果 而且 或者 然后 嗯 呃 那个 就是 的话",
}

_CLOSERS = "\"'”’»)]} "


def unfinished(text: str, language: str) -> bool:
    """True when ``text`` plainly breaks off.

    Args:
        text: a transcript; whisper closes even a broken sentence with a full stop, so a full stop says nothing,
            while a question or exclamation mark is heard in the voice and does.
        language: two letters; languages without a list are judged by punctuation alone.
    """
    bare = text.rstrip(_CLOSERS)
    if bare.endswith((",", "，", "、", "…", "...", "-", "–", "—", ":", "：", ";", "；")):
        return True
    if bare.endswith(("?", "!", "？", "！")):
        return False
    bare = bare.rstrip(".。")
    open_ends = _OPEN_ENDS.get(language, "").split()
    if language == "zh":
        return bare.endswith(tuple(open_ends))
    words = re.findall(r"[\w']+", bare.lower())
    return len(words) > 1 and words[-1] in open_ends
