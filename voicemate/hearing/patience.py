"""Words in which a person asks for time: for a moment now ("let me think"), or from now on ("take your time")."""

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
_PATIENT = {
    "en": r"take your time|be (?:more )?patient(?: with me)?|let me finish(?: (?:talking|speaking))?"
    r"|(?:please )?(?:don't|do not) (?:interrupt|cut) me(?: off)?|give me (?:more )?time",
    "de": r"lass dir zeit|hab(?:e)? geduld(?: mit mir)?|lass mich ausreden|unterbrich mich nicht",
    "fr": r"prends ton temps|prenez votre temps|sois patiente?|laisse[- ]moi (?:finir|parler)|ne me coupe pas",
    "es": r"tómate tu tiempo|ten paciencia|déjame (?:terminar|hablar)|no me interrumpas",
    "zh": r"慢慢来|别着急|不要着急|别打断我|不要打断我|让我(?:把话)?说完|耐心(?:一)?点",
}
_QUICK = {
    "en": r"(?:you can )?(?:answer|reply|respond) (?:faster|quicker|more quickly)|(?:you )?(?:don't|do not) "
    r"(?:have|need) to wait(?: so long)?|be quick(?:er)?",
    "de": r"(?:du kannst )?schneller antworten|antworte schneller|du musst nicht (?:so lange )?warten",
    "fr": r"réponds plus vite|tu peux répondre plus vite|n'attends pas(?: si longtemps)?",
    "es": r"(?:puedes responder|responde) más rápido|no esperes tanto",
    "zh": r"(?:你)?(?:可以)?(?:回答|回复)?快一?点|不用等(?:我|那么久|这么久)?",
}

PATIENT, USUAL = 2.0, 1.0


def thinking_aloud(text: str, language: str) -> bool:
    """True when ``text`` ends in a request for a moment: the person will go on."""
    return _matches(_MOMENT, text, language, start=r"(?:^|.*\W)" if language != "zh" else ".*")


def patience_asked(text: str, language: str) -> float | None:
    """The factor on every wait that the whole of ``text`` asks for from now on; None when it is about other things.

    ``PATIENT`` after "take your time", ``USUAL`` after "you don't have to wait".
    """
    if _matches(_PATIENT, text, language):
        return PATIENT
    return USUAL if _matches(_QUICK, text, language) else None


def _matches(patterns: dict[str, str], text: str, language: str, start: str = "(?:please,? |just )?") -> bool:
    pattern = patterns.get(language)
    if pattern is None:
        return False
    bare = re.sub(r"[,.!?…，。！？、]+", "", text.lower().replace("’", "'")).strip()
    return re.fullmatch(f"{start}(?:{pattern})(?: please)?(?:吧|啊|呀)?", bare) is not None
