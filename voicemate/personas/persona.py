"""A character: who they are, how they speak, and the settings that suit them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
SingleLine = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Part(BaseModel):
    """A table of the file: unknown keys and wrong types are refused; spaces around texts do not count."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_strip_whitespace=True)


class Voice(_Part):
    """How a character sounds.

    ``id`` names one of the engine's voices (any part of its name or id; several for different systems are separated
    by commas); left empty, the first voice of the language is taken.
    """

    id: str = Field(
        default="", max_length=200, description="part of a voice's name or id; empty for the language's first voice"
    )
    language: Language = Field(default="en", description="two small letters, such as en; the persona's if left out")
    rate: int = Field(default=175, ge=80, le=450, description="words a minute")
    volume: float = Field(default=1.0, ge=0, le=1, description="0 for silence, 1 for full")


class Sampling(_Part):
    """How the language model picks its words."""

    temperature: float = Field(
        default=0.7, ge=0, le=2, description="0 for always the likeliest word, more for surprises"
    )
    top_p: float = Field(
        default=0.9, gt=0, le=1, description="only the likeliest words that together have this share"
    )
    top_k: int = Field(default=40, ge=0, le=1000, description="only so many of the likeliest words; 0 for all")
    min_p: float = Field(default=0.05, ge=0, le=1, description="only words this likely, compared with the likeliest")
    repeat_penalty: float = Field(default=1.1, ge=1, le=2, description="1 for none; more avoids what was just said")
    dry: float = Field(default=0.8, ge=0, le=5, description="0 for none; more avoids whole phrases said before")
    max_tokens: int = Field(default=160, ge=8, le=4096, description="longest reply; a token is about 3/4 of a word")


class ExampleExchange(_Part):
    """One example of how the character answers."""

    user: str = Field(min_length=1, max_length=1000, description="what a person says")
    character: str = Field(min_length=1, max_length=2000, description="what the character answers")


class Persona(_Part):
    """A character from a TOML or YAML file in ``personas/``."""

    name: SingleLine = Field(description="what they are called, in one line")
    description: str = Field(
        min_length=1,
        max_length=20_000,
        description="who they are, told to the model; the first line says it in short",
    )
    greeting: str = Field(default="", max_length=500, description="the first thing they say; empty for nothing")
    language: Language = Field(default="en", description="two small letters, such as en or zh")
    examples: tuple[ExampleExchange, ...] = Field(
        default=(), max_length=50, strict=False, description="how they answer, most telling first"
    )
    voice: Voice = Field(default=Voice(), description="how they sound")
    sampling: Sampling = Field(default=Sampling(), description="how the language model picks their words")

    @model_validator(mode="before")
    @classmethod
    def _voice_speaks_their_language(cls, given: Any) -> Any:
        """A voice that names no language speaks the persona's."""
        if not isinstance(given, dict) or "language" not in given:
            return given
        voice = given.get("voice", {})
        if isinstance(voice, Voice):
            voice = voice.model_dump(exclude_unset=True)
        if not isinstance(voice, dict):
            return given
        return {**given, "voice": {"language": given["language"], **voice}}

    @property
    def summary(self) -> str:
        """Who they are, in one line."""
        return self.description.partition("\n")[0]
