"""A character: who they are, how they speak, and the settings that suit them."""

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Voice(_Part):
    """How a character sounds.

    ``id`` names one of the engine's voices (any part of its name or id); left empty, the first voice of the
    persona's language is taken.
    """

    id: str = Field(default="", description="part of a voice's name or id; empty for the language's first voice")
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}$", description="two letters")
    rate: int = Field(default=175, ge=80, le=450, description="words a minute")
    volume: float = Field(default=1.0, ge=0, le=1)


class Sampling(_Part):
    """How the language model picks its words."""

    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=0.9, gt=0, le=1)
    top_k: int = Field(default=40, ge=0, le=1000)
    min_p: float = Field(default=0.05, ge=0, le=1)
    repeat_penalty: float = Field(default=1.1, ge=1, le=2)
    max_tokens: int = Field(default=160, ge=8, le=4096, description="longest reply")


class Exchange(_Part):
    """One example of how the character answers."""

    user: str = Field(min_length=1)
    character: str = Field(min_length=1)


class Persona(_Part):
    """A character from a TOML or YAML file in ``personas/``."""

    name: str = Field(min_length=1, max_length=60)
    description: str = Field(min_length=1, description="who they are, told to the model")
    greeting: str = Field(default="", description="the first thing they say; empty for nothing")
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}$", description="two letters")
    examples: tuple[Exchange, ...] = Field(default=(), description="how they answer, most telling first")
    voice: Voice = Voice()
    sampling: Sampling = Sampling()
