"""Numbers in words, by num2words; only the languages in use are loaded."""

from functools import lru_cache
from typing import Any

from voicemate.core.bare_import import import_without_package


@lru_cache(maxsize=8)
def converter(language: str) -> Any:
    """Return the converter of ``language``, with ``to_cardinal``, ``to_ordinal`` and ``to_year``.

    Args:
        language: two or three letters.

    Raises:
        NotImplementedError: num2words does not know the language.
    """
    code = language.upper()
    try:
        module = import_without_package(f"num2words.lang_{code}")
    except ModuleNotFoundError:
        raise NotImplementedError(f"no numbers in {language!r}") from None
    return getattr(module, f"Num2Word_{code}")()
