from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicemate.core.errors import PersonaError
from voicemate.personas.persona import Persona, Sampling, Voice
from voicemate.personas.persona_file import LARGEST_BYTES, read_persona

TOML = """
name = "Mei"
description = '''
A tea seller.
She likes rain.
'''
greeting = "Hello."
language = "zh"

[[examples]]
user = "Hi."
character = "Tea?"

[voice]
id = "Tingting"
rate = 160
volume = 0.5

[sampling]
temperature = 1
max_tokens = 50
"""
YAML = """
name: Mei
description: |
  A tea seller.
  She likes rain.
greeting: Hello.
language: zh
examples:
  - user: Hi.
    character: Tea?
voice: {id: Tingting, rate: 160, volume: 0.5}
sampling:
  temperature: 1
  max_tokens: 50
"""


def told(file: Path, text: str | bytes) -> str:
    """What a person is told about a file with ``text``."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PersonaError) as caught:
        read_persona(file)
    message = str(caught.value)
    assert str(file) in message
    assert "\n" not in message
    return message.replace(str(file), "FILE")


@pytest.mark.parametrize(
    ("name", "text"), [("mei.toml", TOML), ("mei.yaml", YAML), ("mei.yml", YAML), ("MEI.TOML", TOML)]
)
def test_a_persona_is_read_from_toml_and_from_yaml(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    mei = read_persona(tmp_path / name)
    assert mei == Persona.model_validate(
        {
            "name": "Mei",
            "description": "A tea seller.\nShe likes rain.",
            "greeting": "Hello.",
            "language": "zh",
            "examples": [{"user": "Hi.", "character": "Tea?"}],
            "voice": {"id": "Tingting", "language": "zh", "rate": 160, "volume": 0.5},
            "sampling": {"temperature": 1.0, "max_tokens": 50},
        }
    )
    assert mei.summary == "A tea seller."
    assert mei.sampling.top_p == Sampling().top_p


def test_a_byte_order_mark_does_not_matter(tmp_path):
    (tmp_path / "mei.toml").write_bytes(b"\xef\xbb\xbf" + TOML.encode())
    assert read_persona(tmp_path / "mei.toml").name == "Mei"


def test_a_name_and_a_description_are_enough():
    persona = Persona(name="Mei", description="A tea seller.")
    assert (persona.language, persona.voice.language, persona.greeting) == ("en", "en", "")


@pytest.mark.parametrize(
    "voice", [{}, {"voice": {"rate": 150}}, {"voice": Voice(rate=150)}, {"voice": {"language": "zh"}}]
)
def test_a_voice_speaks_the_personas_language_unless_it_is_told_another(voice):
    assert Persona.model_validate({"name": "M", "description": "D", "language": "zh", **voice}).voice.language == "zh"
    other = {"name": "M", "description": "D", "language": "zh", "voice": {"language": "en"}}
    assert Persona.model_validate(other).voice.language == "en"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("nmae = 'x'", "In the persona file FILE there is no key `nmae`. Perhaps `name` is meant."),
        ("colour = 'x'", "there is no key `colour`. There are `name`, `description`, `greeting`, `language`,"),
        ("[sampling]\ntemprature = 1", "no key `sampling.temprature`. Perhaps `sampling.temperature` is meant."),
        ("[voice]\npitch = 1", "there is no key `voice.pitch`. There are `id`, `language`, `rate`, `volume`."),
        ("[[examples]]\nuser='a'\ncharacter='b'\n[[examples]]\nuser='a'", "key `examples[2].character` is missing"),
        ("[[examples]]\nusr='a'\ncharacter='b'", "no key `examples[1].usr`. Perhaps `examples[1].user` is meant."),
        ("greeting = 3", "the key `greeting` cannot be 3. It must be text"),
        ("[voice]\nrate = '175'", "the key `voice.rate` cannot be \"175\". It must be a whole number, at least 80"),
        ("[voice]\nrate = 1000", "the key `voice.rate` cannot be 1000. It must be a whole number, at least 80"),
        ("[voice]\nrate = true", "the key `voice.rate` cannot be true. It must be a whole number"),
        ("[sampling]\ntop_p = 0", "the key `sampling.top_p` cannot be 0. It must be a number, more than 0"),
        ("[sampling]\ntemperature = nan", "the key `sampling.temperature` cannot be NaN. It must be a number"),
        ("voice = 'Samantha'", 'the key `voice` cannot be "Samantha". It must be a table.'),
        ("language = 'English'", 'the key `language` cannot be "English". It must be text (two small letters'),
        ("examples = 'a'", "the key `examples` cannot be \"a\". It must be a list"),
        ("examples = ['a']", "the key `examples[1]` cannot be \"a\". It must be a table."),
    ],
)  # fmt: skip
def test_a_wrong_key_or_value_is_named_with_what_is_allowed(tmp_path, card, more, message):
    assert message in told(tmp_path / "mei.toml", card("Mei", more))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the key `name` is missing"),
        ('name = "M"', "the key `description` is missing"),
        ('name = " "\ndescription = "x"', 'the key `name` cannot be " ". It must be text, at least 1 long'),
        ('name = "a\\nb"\ndescription = "x"', "(what they are called, in one line)"),
        ('name = "M"\nname = "N"\n', "is not TOML: Cannot overwrite a value (at line 2, column 11). Correct that"),
        ('nmae = "M"\ndescription = "x"', "there is no key `nmae`. Perhaps `name` is meant."),
        ("name: Mei", "is not TOML: "),
        (b"name = '\xff'", "The persona file FILE is not UTF-8 text (line 1). Save it as UTF-8."),
        (b"name = 'M'\ndescription = '\xe4'", "is not UTF-8 text (line 2)"),
        ("x" * (LARGEST_BYTES + 1), "The persona file FILE is larger than 64 KiB. Shorten it"),
        ("x = " + "[" * 3_000, "is not TOML: "),
    ],
)  # fmt: skip
def test_a_file_that_is_no_persona_in_toml_is_told(tmp_path, text, message):
    assert message in told(tmp_path / "mei.toml", text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: Mei\n description: x", "FILE is not YAML: mapping values are not allowed here (line 2)."),
        ("name: [Mei", "is not YAML: "),
        ("- name", "The persona file FILE holds no keys. It needs `name: …` and `description: …` at least."),
        ("", "holds no keys"),
        ("name: Mei\ndescription: x\nname: Lan", "is not YAML: the key name is there twice (line 3)."),
        ("name: Mei\ndescription: x\n1: y", "is not YAML: the key 1 is not text (line 3)."),
        ("name: &a Mei\ndescription: *a", "is not YAML: references (*name) are not supported (line 2)."),
        ("name: !!python/object:os.system x", "is not YAML: could not determine a constructor"),
        ("name: Mei\ndescription: x\nlanguage: no", "the key `language` cannot be false. It must be text (two small"),
        ("name: Mei\ndescription: x\nlanguage: no", "; put it in quotes."),
        ("name: 2024-13-45\ndescription: x", "is not YAML: month must be in 1..12"),
        ("name: 2024-01-01\ndescription: x", "the key `name` cannot be \"2024-01-01\". It must be text"),
        ("name: Mei\ndescription: x\x00", "is not YAML: "),
        ("a: " + "[" * 3_000, "is not YAML: "),
    ],
)  # fmt: skip
def test_a_file_that_is_no_persona_in_yaml_is_told(tmp_path, text, message):
    assert message in told(tmp_path / "mei.yaml", text)


def test_a_file_of_another_kind_is_told(tmp_path):
    assert told(tmp_path / "mei.json", "{}") == (
        "The persona file FILE is neither TOML nor YAML. Its name must end in .toml, .yaml or .yml."
    )


def test_a_folder_is_no_persona_file(tmp_path):
    (tmp_path / "mei.toml").mkdir()
    with pytest.raises(PersonaError, match="is not a file"):
        read_persona(tmp_path / "mei.toml")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(str.encode),
        st.lists(
            st.sampled_from([TOML[:90], YAML[:60], "name", ":", "=", "\n", " ", "[", "]", "'", "- ", "1", "&a", "*a"])
        )
        .map("".join)
        .map(str.encode),
    ),
    ending=st.sampled_from(["toml", "yaml"]),
)
def test_any_file_is_a_persona_or_a_persona_error(tmp_path, text, ending):
    file = tmp_path / f"mei.{ending}"
    file.write_bytes(text)
    try:
        told = read_persona(file).name
    except PersonaError as error:
        told = f"{error.message}: {error.hint}" if error.hint else ""
    assert told
