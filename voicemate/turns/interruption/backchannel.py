"""Classifies what a person says over the character's voice: an interruption, or only a sign of listening.

A backchannel ("mm-hm", "yeah, right", 嗯) supports the speaker, so the character continues. Everything else is an
interruption: talking over a person is worse than stopping in vain. The lists of all languages are always active,
because whisper often mistakes the language of so short a sound and no word of theirs interrupts in another.
They start from Nigel Ward's collection (https://www.cs.utep.edu/nigel/bc/common-bcs.html).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from voicemate.stt import tokens
from voicemate.turns.phrase_matcher import PhraseMatcher, normalized_words, parse_phrases

_LONGEST_MS = 1_500
"""Longest voice in ms of a single listener's word, drawn out ("mmmmm") and with the edges that Silero adds."""

_MORE_MS = 600
"""The same for each further word, in ms."""

_SIGNS_OF_LISTENING = parse_phrases(
    # English
    """yeah, yea, yeh, ya, yah, yes, yep, yup, okay, ok, o k, alright, all right, right, sure, of course, exactly,
    absolutely, definitely, totally, indeed, true, that's true, that's right, very true, so true, correct, i see,
    got it, i got it, gotcha, i know, write, i understand, understood, makes sense, that makes sense, fair,
    fair enough, good, great, cool, nice, fine, perfect, lovely, wonderful, amazing, awesome, interesting, really,
    oh really, is that so, wow, oh wow, whoa, oh my, oh my god, oh my goodness, oh dear, oh boy, gosh, goodness,
    no way, uh oh, oops, ouch, thanks, thank you, thank you so much, thank you very much, sounds good, that's good,
    that's great, that's nice, that's cool, that's funny, that's interesting, funny, good point, not bad,
    bless you, yay, hooray, huh, so, well""",
    # German
    """ja, jaja, jo, joa, jawohl, genau, ganz genau, stimmt, das stimmt, richtig, klar, na klar, alles klar,
    ist klar, natürlich, sicher, gut, sehr gut, ach, ach so, achso, ach ja, ach was, aha, aja, ah ja, na ja, naja,
    ne, gell, verstehe, ich verstehe, verstanden, ich weiß, echt, wirklich, krass, toll, schön, super, prima,
    interessant, danke, danke schön, wahnsinn, oh je, oje, eben, passt, schon, okidoki, oh mann, mein gott,
    gute idee, freut mich, also""",
    # French
    """oui, ouais, ouaip, mouais, si, d'accord, ok d'accord, bien sûr, bien, très bien, c'est bien, voilà,
    exactement, tout à fait, absolument, c'est ça, c'est vrai, c'est clair, ah bon, ah oui, ah ouais, ah d'accord,
    hein, je vois, je comprends, je sais, compris, bon, super, génial, parfait, vraiment, c'est pas vrai, oh là là,
    oh la la, dis donc, merci, intéressant, mince, carrément, entendu, effectivement, en effet, certes, alors,
    donc, ben, enfin""",
    # Spanish
    """sí, si, sí sí, claro, claro que sí, vale, ya, ya veo, ya sé, exacto, exactamente, eso, eso es, así es,
    bueno, bien, muy bien, de acuerdo, entiendo, entendido, comprendo, lo sé, ajá, anda, vaya, qué bien, qué bueno,
    qué interesante, ah sí, en serio, de verdad, verdad, cierto, es verdad, es cierto, por supuesto, genial,
    perfecto, gracias, órale, dios mío, no me digas, desde luego, efectivamente, interesante, guau, pues""",
    # Chinese
    """嗯, 恩, 唔, 哦, 噢, 喔, 啊, 呀, 哎, 唉, 诶, 欸, 哇, 额, 呃, 对, 对啊, 对的, 对呀, 没错, 是, 是的, 是啊,
    是呀, 是吗, 好, 好的, 好啊, 好吧, 好嘞, 行, 行吧, 可以, 当然, 明白, 明白了, 知道, 知道了, 我知道, 我知道了,
    懂了, 我懂, 这样啊, 这样, 原来如此, 真的, 真的吗, 不错, 挺好, 挺好的, 很好, 太好了, 有意思, 有道理, 确实, 的确,
    也是, 就是, 就是啊, 谢谢, 天哪, 天啊, 我的天, 厉害, 哎呀, 哎哟, 那, 那个, 这个""",
)

_MURMUR = (
    r"h*m+(?:h+m+)*h*"  # m, mm, hm, mhm, hmhm
    r"|m*j+m+|h*u+h+(?:u+h+)*|u+h*m+h*|e+u*h*m*|e+r+m*|h+e+u+"  # mjm, uh, huh, uhhuh, um, eh, euh, er, erm, heu
    r"|a+(?:h+a*|w+)|a+h*m+|o+h*(?:o+h*)?|u+n+h+u+n+|h+u+m+(?:h+u+m+)?|n+n+"  # ah, aha, aw, ähm, oh, ooh, hum
)
"""Sounds of listening and hesitation, however drawn out. "Um" does not interrupt yet: if more follows, the longer
transcript is classified again."""

_LAUGHTER = r"(?:m?b?w?a+)?(?:h+a+){2,}h*|(?:h+[eiou]+){2,}h*|(?:j[aei]){3,}|[哈呵嘿嘻]"
_BODY = parse_phrases(
    "ha, ahem, achoo, atchoo, hatschi, hatschu, atchoum, achís, phew, pff, pfff, ugh, argh, tsk, psst, hic, 阿嚏, 咳"
)
"""Spellings of a cough, a sneeze or a sigh that is not a tag in brackets."""

_SOUNDS = PhraseMatcher(_BODY, _LAUGHTER)
_EITHER = PhraseMatcher(_SIGNS_OF_LISTENING | _BODY, f"{_MURMUR}|{_LAUGHTER}")

_HUMMED = re.compile(r"(?!(?:no+|non|nein|nee|ne+h?|nah?)$)[aeiouhmn]+")
"""What whisper writes for "mm-hm", but never a "no"."""

_SURE = 0.6
"""Confidence from which such a word is real; murmurs had 0.25 to 0.52."""

_ASKS_AGAIN = re.compile(r"^\W*(?:huh+|h+m+|m+|eh|hein|hä+h?|[嗯啊哈])\W*[?？]\W*$", re.IGNORECASE)
_SHAKES_HEAD = re.compile(r"\b(?:nuh|mm)-uh\b|\bnuh\b", re.IGNORECASE)
"""Not "uh-uh", which whisper also writes for the "uh-huh" of agreement."""


class Overlap(StrEnum):
    """The kind of a sound over the character's voice."""

    BACKCHANNEL = "backchannel"  # the person listens; the character continues
    NON_SPEECH = "no words"  # a cough, a laugh, a door; the character continues
    INTERRUPTION = "bid"  # the person wants the floor; the character stops


@dataclass(frozen=True, slots=True)
class OverlapVerdict:
    """A classification; ``reason`` names the rule in a few words."""

    overlap: Overlap
    reason: str


def classify_overlap(text: str, voiced_ms: float, confidence: float = 1.0) -> OverlapVerdict:
    """Classify what the person said over the character's voice.

    The rules, in order:

    1. Nothing but tags such as ``(laughs)``: no words.
    2. "Huh?", "hein?" ask for a repetition, and "nuh-uh" disagrees: an interruption.
    3. Nothing but laughter, sneezes and sighs spelled out: no words, however long.
    4. Nothing but signs of listening, with no more voice than they take: a backchannel.
    5. The same with more voice than that: something was said that whisper did not write, so an interruption.
    6. A single word of vowels, h, m and n ("Mama?") that whisper is not sure of: a murmur that it took for a word,
       so a backchannel.
    7. Anything else: an interruption.

    Args:
        text: whisper's transcript of the sound so far, without the character's own words (``echo_text``). Text that
            ``transcript_filter`` rejects is NON_SPEECH without being classified here.
        voiced_ms: how much voice was detected in it.
        confidence: whisper's, 0 to 1 (``Transcript.confidence``).
    """
    said = tokens.without_tags(text)
    spoken = normalized_words(said)
    if not spoken:
        return OverlapVerdict(Overlap.NON_SPEECH, "a sound without words")
    if _ASKS_AGAIN.search(said):
        return OverlapVerdict(Overlap.INTERRUPTION, "asks to hear it again")
    if _SHAKES_HEAD.search(said):
        return OverlapVerdict(Overlap.INTERRUPTION, "disagrees")
    if _SOUNDS.parse(spoken) is not None:
        return OverlapVerdict(Overlap.NON_SPEECH, "laughter or another sound of the body")
    signs = _EITHER.parse(spoken)
    if signs is None and confidence < _SURE and len(spoken) == 1 and _HUMMED.fullmatch(spoken[0]):
        return OverlapVerdict(Overlap.BACKCHANNEL, "a murmur that was taken for a word")
    if signs is None:
        return OverlapVerdict(Overlap.INTERRUPTION, "words that take the floor")
    if voiced_ms > _LONGEST_MS + _MORE_MS * (len(signs) - 1):
        return OverlapVerdict(Overlap.INTERRUPTION, "more voice than those words take")
    return OverlapVerdict(Overlap.BACKCHANNEL, "only shows that they listen")
