"""What the words alone say about the end of a turn: an unfinished sentence, an opener, a condition, thinking aloud.

People pause within a sentence after a connective, an article or a filler ("I went there and …", "the, um …"), and do
not end a turn on one. The lists contain only words that end no sentence; prepositions do ("where I come from"), and
so do "so" ("I think so") and German "das". The persona's language model judges the rest.

"Hello", "excuse me" and "guess what" are complete, but rarely all that a person wants to say. "If it rains" is half a
sentence. A language model mostly knows that itself, in its languages.
"""

import re

from voicemate.turns.command_phrases import WAIT_A_MOMENT_AT_THE_END

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
"""Alone they are answers."""

_CALLS = {
    "en": r"(?:hello|hi|hey|good (?:morning|afternoon|evening))(?: there)?(?: \w+)?|excuse me|listen|guess what"
    r"|you know what|by the way|(?:and )?(?:one|another) (?:more |last )?(?:thing|question)"
    r"|i(?:'ve got| have) (?:a|another|one more) question|(?:can|could|may) i ask (?:you )?(?:something|a question)",
    "de": r"(?:hallo|hi|hey|guten (?:morgen|tag|abend))(?: \w+)?|entschuldigung|hör mal|übrigens|weißt du was"
    r"|noch (?:eine frage|etwas|was)|ich hab(?:e)? (?:mal |noch )?eine frage",
    "fr": r"(?:bonjour|bonsoir|salut|allô)(?: \w+)?|excuse(?:z)?[- ]moi|écoute(?:z)?|au fait|tu sais quoi"
    r"|(?:encore )?une (?:autre )?(?:chose|question)|j'ai une question",
    "es": r"(?:hola|buenos días|buenas tardes|buenas noches)(?: \w+)?|perdon[ae]|disculp[ae]|oye|por cierto"
    r"|sabes qué|una (?:cosa|pregunta)(?: más)?|tengo una pregunta",
    "zh": r"你好|您好|喂|嗨|早上好|晚上好|请问|不好意思|对了|你知道吗|还有一(?:个问题|件事)|我有一?个问题",
}

_CONDITIONS = {
    "en": r"(?:(?:and|but|or|so|then) )?(?:even )?(?:if|unless|although|though)\b(?!.*\bthen\b)",
    "de": r"(?:(?:und|aber|oder) )?(?:auch )?(?:wenn|falls|obwohl|sofern|solange|sobald)\b(?!.*\bdann\b)",
    "fr": r"(?:(?:et|mais|ou) )?(?:même )?(?:si|bien que|à moins que|dès que|tant que|puisque)\b(?!.*\balors\b)",
    "es": r"(?:(?:y|pero|o) )?(?:incluso )?(?:si|aunque|a menos que|en cuanto)\b(?!.*\bentonces\b)",
    "zh": r"(?:但|可|那)?(?:如果|要是|虽然|除非|即使|既然|只要)(?!.*[就那也还都才])",
}
_LEAST_OF_CONDITION = 3
"""Minimum words (in Chinese, characters after the conjunction): "if so" and "si" are answers."""

_CONTRACTED = re.compile(r"(?:'(?:m|re|ll|ve)|^(?:it|that|he|she|there|what|who|let)'s)$")
"""English auxiliaries are contracted only before something else."""

_CLOSERS = "\"'”’»)]} "
_FULL_STOPS = ".。"
_MARKS = ("?", "!", "？", "！")
_BREAKS = (",", "，", "、", "…", "...", "-", "–", "—", ":", "：", ";", "；")


def breaks_off(text: str, language: str) -> bool:
    """Return whether ``text`` plainly breaks off.

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


def is_only_opener(text: str, language: str) -> bool:
    """Return whether all of ``text`` is a greeting or an announcement, after which people continue.

    Args:
        text: a transcript.
        language: two letters; False in languages without a list.
    """
    calls = _CALLS.get(language)
    bare = re.sub(r"[^\w' -]+", "", text.lower().replace("’", "'")).strip()
    return calls is not None and re.fullmatch(calls, bare) is not None


def is_only_condition(text: str, language: str) -> bool:
    """Return whether the last sentence of ``text`` is a condition without a consequence.

    It begins with "if" or the like, and has no comma or "then". Whisper sets a comma between the two clauses.

    Args:
        text: a transcript; a question or exclamation mark at its end is heard in the voice, and ends it.
        language: two letters; False in languages without a list.
    """
    pattern, bare = _CONDITIONS.get(language), text.rstrip(_CLOSERS)
    if pattern is None or bare.endswith(_MARKS):
        return False
    sentence = re.split(r"[.?!。？！]\s*", bare.rstrip(_FULL_STOPS))[-1].lower()
    length = len(sentence) - 2 if language == "zh" else len(sentence.split())
    return length >= _LEAST_OF_CONDITION and not re.search("[,，]", sentence) and bool(re.match(pattern, sentence))


def is_thinking_aloud(text: str, language: str) -> bool:
    """Return whether ``text`` ends in a request for a moment ("let me think"): the person will go on.

    Args:
        text: a transcript.
        language: two letters; False for languages without a list.
    """
    pattern = WAIT_A_MOMENT_AT_THE_END.get(language)
    if pattern is None:
        return False
    bare = re.sub(r"[,.!?…，。！？、]+", "", text.lower().replace("’", "'")).strip()
    start = r"(?:^|.*\W)" if language != "zh" else ".*"
    return re.fullmatch(f"{start}(?:{pattern})(?: please)?(?:吧|啊|呀)?", bare) is not None


def without_closing(text: str) -> str:
    """Return ``text`` without its closing punctuation, as the language model judges it."""
    return text.rstrip(_CLOSERS + _FULL_STOPS + "".join(_MARKS) + "…,，")
