"""Words in which a person asks for a moment: they will go on ("let me think")."""

import re

_MOMENT = {
    "en": r"let me (?:think|see|check|look|remember)(?: about (?:it|that))?(?: for)?(?: an?| just a)?"
    r"(?: moment| second| minute| sec)?"
    r"|(?:hold on|hang on|wait)(?: a| one| just a)?(?: moment| second| minute| sec)?"
    r"|(?:just )?(?:a|one) (?:moment|second|minute|sec)(?: please)?|give me (?:a|one) (?:moment|second|minute|sec)"
    r"|i(?:'m| am) (?:still )?thinking|how (?:do|should|can) i (?:say|put) (?:it|this|that)|where was i",
    "de": r"(?:lass|lassen sie) mich (?:\w+ ){0,2}(?:nachdenken|überlegen|schauen)|(?:einen )?moment(?: mal| bitte)?"
    r"|warte(?: mal| kurz)*|(?:ich )?(?:muss|ich) (?:\w+ ){0,2}(?:nachdenken|überlegen)",
    "fr": r"laisse[zr]?[- ]moi (?:\w+ ){0,2}réfléchir|(?:attends|attendez)(?: une seconde| un peu| un moment)?"
    r"|(?:un|une) (?:moment|instant|seconde|minute)(?: s'il (?:te|vous) plaît)?|je réfléchis",
    "es": r"déja(?:me|nos) pensar(?:lo)?|déjame ver|(?:espera|espere)(?: un (?:momento|segundo|poco))?"
    r"|un (?:momento|segundo|minuto)(?: por favor)?|estoy pensando",
    "zh": r"(?:让|等)我(?:想|看)(?:一?想|一?看|一下)?|(?:请?稍?等(?:一?等|一下)?)|我(?:再)?想(?:一?想|一下)",
}


def thinking_aloud(text: str, language: str) -> bool:
    """True when ``text`` ends in a request for a moment: the person will go on."""
    pattern = _MOMENT.get(language)
    if pattern is None:
        return False
    bare = re.sub(r"[,.!?…，。！？、]+", "", text.lower().replace("’", "'")).strip()
    start = r"(?:^|.*\W)" if language != "zh" else ".*"
    return re.fullmatch(f"{start}(?:{pattern})(?: please)?(?:吧|啊|呀)?", bare) is not None
