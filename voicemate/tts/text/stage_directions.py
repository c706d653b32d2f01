"""Recognizes what a character does rather than says: stage directions, emoji and kaomoji.

Whether words between marks are a stage direction depends on what they say and where they stand:

- *Acting*: they start with an action of face, voice or body (``smiles warmly``, ``softly laughs``, ``she nods``,
  ``轻轻点头``). That is a stage direction everywhere.
- In parentheses and brackets, and between asterisks where a sentence could stand, a noun is enough
  (``laughter``, ``sigh``), and so are everyday verbs with a typical second word (``looks away``).
- *Narration*: alone between asterisks where a sentence could stand, they read like a sentence of a story: in lower
  case (``the kettle begins to sing``), or opened by a pronoun or an article (``She pours the tea.``).
- Everything else is emphasis (``I *really* mean it``, ``*The Old Man and the Sea* is short``) or an aside
  (``(about 3 km)``) and is spoken.
"""

import re
import unicodedata
from enum import Enum

from voicemate.tts.text.duration import is_han
from voicemate.tts.text.word_lists import (
    ACTING_VERBS,
    ACTORS,
    EVERYDAY_VERBS,
    NARRATION_OPENERS,
    STAGE_SOUNDS,
    TELLTALE_SECOND_WORDS,
)

_ZH_MANNER = r"[轻微温柔开心地偷忍不住又害羞默缓慢悄苦大傻憨嘿呵哈嘻她他我一]"
_ZH_ACTING = (
    r"笑(?!话|点|料|容)|叹|点头|点点头|摇头|摇摇头|眨眼|眨眨眼|眨了眨|挥手|挥挥手|鞠躬|拍手|鼓掌|耸肩|耸耸肩|挠头|挠挠头|"
    r"脸红|沉默|停顿|皱眉|咳嗽|清了清|低声|轻声|小声|端起|抿|望着|望向|看着|看向|拥抱|抱抱|摸摸|递"
)
_ZH_STAGE = re.compile(rf"{_ZH_MANNER}{{0,6}}(?:{_ZH_ACTING}).{{0,12}}", re.DOTALL)
_MAX_ZH_EMPHASIS_CHARS = 3  # characters: 重要, 真的, 最重要

_DOUBLES = re.compile(r"[^aeiou][aeiou][bdgmnpt]$")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


class Placement(Enum):
    """Where the words stand."""

    INLINE = "between asterisks inside a sentence"
    ASIDE = "in parentheses or brackets"
    ALONE = "between asterisks where a sentence could stand"


def _forms(verbs: frozenset[str]) -> frozenset[str]:
    """Return the verbs as stage directions use them: ``smiles`` and ``smiling``."""
    forms: set[str] = set()
    for verb in verbs:
        stem = verb[:-1] if verb.endswith("e") else verb
        forms |= {stem + "ing"} | ({verb + verb[-1] + "ing"} if _DOUBLES.search(verb) else set())
        if verb.endswith("y") and verb[-2] not in "aeiou":
            forms.add(stem[:-1] + "ies")
        else:
            forms.add(verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z")) else "s"))
    return frozenset(forms)


_PLAYS = _forms(ACTING_VERBS)
_DOES = _forms(EVERYDAY_VERBS)


def is_stage_direction(content: str, setting: Placement) -> bool:
    """Return whether ``content``, found between marks, is acting. Narration does not count."""
    content = content.strip(" \t.,!…~。，！～")
    if _is_chinese(content):
        return bool(_ZH_STAGE.fullmatch(content))
    words = _words(content)
    if setting is not Placement.INLINE and len(words) == 1 and words[0] in STAGE_SOUNDS:
        return True
    acted = [word for word in words[:4] if not word.endswith("ly")]
    if len(acted) > 1 and acted[0] in ACTORS:
        acted = acted[1:]
        if acted[0] in ACTING_VERBS:
            return True
    if not acted:
        return False
    if acted[0] in _PLAYS:
        return setting is not Placement.INLINE or len(words) > 1 or acted[0].endswith("s")
    return (
        setting is not Placement.INLINE and acted[0] in _DOES and len(acted) > 1 and acted[1] in TELLTALE_SECOND_WORDS
    )


def is_narration(content: str) -> bool:
    """Return whether ``content``, found between asterisks where a sentence could stand, is narration."""
    if content.rstrip().endswith(("!", "?", "！", "？")):
        return False
    if _is_chinese(content):
        return len(content.strip()) > _MAX_ZH_EMPHASIS_CHARS
    words = _words(content)
    if not words:
        return False
    if words[0] in _PLAYS | _DOES:
        return True
    if content.lstrip()[0].islower():
        return len(words) > 1 or words[0].endswith(("s", "ing"))
    return words[0] in NARRATION_OPENERS and len(words) >= 3


def _is_chinese(content: str) -> bool:
    return any(map(is_han, content))


def _words(content: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(content)]


READABLE_SYMBOLS = frozenset("°℃℉№㎡㎏㎞㎝㎜")
"""Symbols in Unicode's picture categories that people read out."""
_JOINER = "\u200d"
_UNSPOKEN_MARKS = frozenset("\ufe0e\ufe0f\u20e3" + _JOINER)
_UNSPOKEN = frozenset({"So", "Sk", "Cc", "Cf", "Co", "Cs", "Cn"})
_NEEDED_BY_SCRIPTS = frozenset("^`\u200c")  # the first two are markup, the third joins Persian and Indic words


def is_pictograph(character: str) -> bool:
    """Return whether ``character`` is an emoji, a part of one, or another sign that is not spoken."""
    if character in READABLE_SYMBOLS or character in _NEEDED_BY_SCRIPTS:
        return False
    return character in _UNSPOKEN_MARKS or unicodedata.category(character) in _UNSPOKEN


_EMOTICON = re.compile(
    r"""[:;]['’]?[-o^]?(?:[)(\]\[*|/\\]{1,3}|[DPpOo3](?![^\W_])) | =(?:[)(]{1,3}|D(?!\w))   # :) ;-( =D
      | </?3(?!\d)                                                                          # <3 </3
      | \^[_.oO-]?\^;* | >[_.]+< | -_+-;* | ;_+; | T_+T | [oO]_+[oO] | [xX]D+(?!\w)
    """,
    re.VERBOSE,
)
MAX_EMOTICON_CHARS = 8
EMOTICON_STARTS = frozenset(":;=<^>-ToOxX")


def emoticon_length(ahead: str) -> int:
    """Return the length of the western or eastern emoticon that ``ahead`` starts with; 0 for none."""
    found = _EMOTICON.match(ahead[:MAX_EMOTICON_CHARS])
    return found.end() if found else 0


_FACE = frozenset("^_;><.*=~-'\"`´￣▽ω∀°□◕‿╯ಠ・•̀ᴗ́ˊˋ｀益皿ツシ＾≧≦╥﹏ᵔᴥ˘³◡∇Ддロ◠ﾟ´｡")
_A_WORD = re.compile(r"[^\W_]{2,}")
_LONE_FACES = frozenset("ツシ")
MAX_KAOMOJI_CHARS = 18


def is_kaomoji(content: str) -> bool:
    """Return whether ``content``, found in parentheses, is a kaomoji: ``(^_^)``, ``(╯°□°)``."""
    content = content.strip()
    if not 0 < len(content) <= MAX_KAOMOJI_CHARS or any(map(is_han, content.replace("益", "").replace("皿", ""))):
        return False
    if content in _LONE_FACES:
        return True
    return not _A_WORD.search(content) and sum(character in _FACE for character in content) >= 2
