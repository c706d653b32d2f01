"""Settings: what works without any, and what a person is told about a wrong one."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TypeGuard

import pytest
from pydantic import BaseModel

from voicemate.config.loader import OldSettingsError, load, settings_file
from voicemate.config.schema import Section, Settings, TurnSettings
from voicemate.core.cpu import engine_threads
from voicemate.core.errors import SettingsError
from voicemate.turns.end_of_turn.default_delays import FAST_STT_DELAYS, SLOW_STT_DELAYS, with_defaults_resolved


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def file(home: Path) -> Path:
    settings_file().parent.mkdir()
    return settings_file()


def told(file: Path, text: str, overrides: dict[str, object] | None = None) -> str:
    """What a person is told when the settings file holds ``text``, without the file's name."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as wrong:
        load(overrides)
    return str(wrong.value).replace(str(file), "FILE")


def test_without_a_file_every_setting_has_a_default():
    assert load() == Settings()


def test_the_persons_own_file_is_read_and_the_rest_keeps_its_default(file: Path):
    file.write_text('persona = "mei"\n[stt]\nmodel = "whisper-tiny.en"\n')
    settings = load()
    assert settings.persona == "mei"
    assert settings.stt.model == "whisper-tiny.en"
    assert settings.llm == Settings().llm


def test_another_file_can_be_named(tmp_path: Path, file: Path):
    file.write_text('persona = "mei"')
    other = tmp_path / "other.toml"
    other.write_text('persona = "juniper"')
    assert load(path=other).persona == "juniper"


def test_a_file_with_a_byte_order_mark_is_read(file: Path):
    file.write_bytes('\ufeffpersona = "mei"'.encode())
    assert load().persona == "mei"


def test_what_the_command_line_gives_goes_before_the_file(file: Path):
    file.write_text('[stt]\nmodel = "whisper-base"\nlanguage = "en"\n')
    settings = load({"stt.model": "whisper-tiny.en", "stt.language": None, "persona": "mei"})
    assert settings.stt.model == "whisper-tiny.en"
    assert settings.stt.language == "en"
    assert settings.persona == "mei"


def test_whole_numbers_will_do_where_fractions_are_allowed(file: Path):
    file.write_text("[tts]\ntimeout_s = 5\n")
    assert load().tts.timeout_s == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[stt]\nmodle = "x"',
            "In FILE, line 2, there is no setting `stt.modle`. Perhaps `stt.model` is meant.",
        ),
        ("[attenton]", "In FILE, line 1, there is no setting `attenton`. Perhaps `attention` is meant."),
        ("[history]\nzzz = 1", "In FILE, line 2, there is no setting `history.zzz`. There are `keep`."),
        (
            '[stt]\nthreads = "4"',
            'In FILE, line 2, the setting `stt.threads` cannot be "4". It must be a whole number, at least 0 '
            "and at most 256 (whisper's CPU threads; 0 for as many as suit the machine).",
        ),
        (
            "[stt]\nthreads = true",
            "In FILE, line 2, the setting `stt.threads` cannot be true. It must be a whole number",
        ),
        (
            "[stt]\nthreads = 1.5",
            "In FILE, line 2, the setting `stt.threads` cannot be 1.5. It must be a whole number",
        ),
        (
            "[turns]\nsilence_ms = -1",
            "In FILE, line 2, the setting `turns.silence_ms` cannot be -1. It must be a whole",
        ),
        (
            "[vad]\nthreshold = 2",
            "In FILE, line 2, the setting `vad.threshold` cannot be 2. It must be a number, at least 0.05 ",
        ),
        ("[vad]\nthreshold = nan", "In FILE, line 2, the setting `vad.threshold` cannot be NaN. It must be a number"),
        (
            '[history]\nkeep = "yes"',
            'In FILE, line 2, the setting `history.keep` cannot be "yes". It must be true or false',
        ),
        (
            "persona = 3",
            "In FILE, line 1, the setting `persona` cannot be 3. It must be text (a name from `voicemate personas`",
        ),
        (
            '[push_to_talk]\nchord = "ctrl+spce"',
            'In FILE, line 2, the setting `push_to_talk.chord` cannot be "ctrl+spce". There is no key `spce`. '
            "Perhaps `space` or ",
        ),
        ("stt = 3", "In FILE, line 1, the setting `stt` cannot be 3. It must be a table."),
        ("[[stt]]", "In FILE, line 1, the setting `stt` cannot be [{}]. It must be a table."),
        ("persona = ", "The settings file FILE is not TOML: Invalid value (at end of document). Correct that place."),
    ],
)
def test_a_wrong_setting_is_named_with_the_way_out(file: Path, text: str, message: str):
    assert told(file, text).startswith(message)


def test_a_long_wrong_value_is_cut_short(file: Path):
    assert len(told(file, f'[stt]\nthreads = "{"x" * 5000}"')) < 250


def test_a_wrong_setting_from_the_command_line_is_not_blamed_on_the_file(file: Path):
    assert told(file, "", {"stt.modle": "x"}).startswith("There is no setting `stt.modle`.")
    assert told(file, "", {"turns.silence_ms": -5}).startswith("The setting `turns.silence_ms` cannot be -5.")


def test_a_table_that_is_none_is_told_also_when_the_command_line_sets_something_in_it(file: Path):
    wrong = told(file, "stt = 3", {"stt.model": "x"})
    assert wrong.startswith("In FILE, line 1, the setting `stt` cannot be 3.")


def test_a_file_that_is_no_text_is_told(file: Path):
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not TOML"):
        load()


def test_a_named_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"absent\.toml cannot be read: No such file or directory\. Correct"):
        load(path=tmp_path / "absent.toml")


def sections(model: type[BaseModel] = Settings) -> list[type[BaseModel]]:
    kinds = [field.annotation for field in model.model_fields.values()]
    return [model, *(section for kind in kinds if is_section(kind) for section in sections(kind))]


def is_section(kind: object) -> TypeGuard[type[Section]]:
    return isinstance(kind, type) and issubclass(kind, Section)


@pytest.mark.parametrize("section", sections())
def test_every_setting_is_described(section: type[BaseModel]):
    for name, field in section.model_fields.items():
        assert field.description or is_section(field.annotation), name


def test_engines_use_the_cores_this_process_may_use(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert engine_threads(0) == 4
    assert engine_threads(3) == 3


def test_engines_use_no_more_threads_than_help(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert engine_threads(0) == 8


def test_where_threads_spin_one_core_is_left_to_the_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    monkeypatch.setattr("sys.platform", "darwin")
    assert engine_threads(0) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="ggml uses GNU OpenMP on Linux only")
@pytest.mark.parametrize(("policy", "told"), [(None, "active 2000"), ("passive", "passive None")])
def test_openmp_is_told_to_spin_briefly_unless_somebody_has_set_how_it_waits(policy: str | None, told: str):
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    if policy:
        environment["OMP_WAIT_POLICY"] = policy
    command = f"import os, voicemate; print(*map(os.environ.get, {names}))"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == told


def test_messages_are_one_line(file: Path):
    assert not re.search(r"\n", told(file, '[stt]\nmodel = ["""a\nb"""]'))


@pytest.mark.parametrize(
    ("model", "system", "shortest", "unsure"),
    [
        ("whisper-tiny.en", "linux", 350, 550),
        ("/models/ggml-tiny-q8_0.bin", "linux", 350, 550),
        ("whisper-base", "linux", 600, 1050),
        ("whisper-base", "darwin", 350, 550),
    ],
)
def test_the_silences_suit_the_hearing_model(
    monkeypatch: pytest.MonkeyPatch, model: str, system: str, shortest: int, unsure: int
):
    monkeypatch.setattr("sys.platform", system)
    settings = with_defaults_resolved(Settings.model_validate({"stt": {"model": model}}))
    assert (settings.turns.shortest_ms, settings.turns.unsure_ms) == (shortest, unsure)
    assert with_defaults_resolved(settings) == settings


def test_silences_of_ones_own_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "linux")
    mine = with_defaults_resolved(Settings.model_validate({"turns": {"shortest_ms": 200}})).turns
    assert (mine.shortest_ms, mine.unsure_ms) == (200, 1050)
    both = Settings.model_validate({"turns": {"shortest_ms": 200, "unsure_ms": 300}})
    assert with_defaults_resolved(both) == both


def test_the_settings_say_how_long_the_default_silences_are():
    described = {name: field.description or "" for name, field in TurnSettings.model_fields.items()}
    for name in ("shortest_ms", "unsure_ms"):
        for delays in (FAST_STT_DELAYS, SLOW_STT_DELAYS):
            assert str(getattr(delays, name)) in described[name]


@pytest.mark.parametrize("table", ["hearing", "thinking", "speaking", "endpoint", "hotkey", "pause"])
def test_a_file_with_the_names_of_an_earlier_version_says_so_in_one_sentence(file: Path, table: str):
    file.write_text(f"[{table}]\nmodel = 'x'\n")
    with pytest.raises(OldSettingsError) as caught:
        load(path=file)
    assert str(caught.value).startswith(f"The settings file {file} uses the names of an earlier version. `voicemate")
