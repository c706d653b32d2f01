from pathlib import Path

import pytest

from voicemate.core.errors import PersonaError
from voicemate.personas.library import find, find_persona, load_library, user_folder


def told(name: str) -> str:
    with pytest.raises(PersonaError) as caught:
        find(name)
    return str(caught.value)


def test_own_and_shipped_personas_are_on_the_shelf_by_key(own, shipped, card):
    (shipped / "mei.toml").write_text(card("Mei"))
    (shipped / "otto.yaml").write_text("name: Otto\ndescription: A baker.\n")
    (own / "lan.toml").write_text(card("Lan"))
    found = load_library()
    assert [(one.key, one.persona.name, one.source) for one in found.personas] == [
        ("lan", "Lan", "yours"),
        ("mei", "Mei", "shipped"),
        ("otto", "Otto", "shipped"),
    ]
    assert found.broken == ()


def test_an_own_persona_hides_the_shipped_one_with_the_same_key(own, shipped, card):
    (shipped / "mei.toml").write_text(card("Mei"))
    (own / "Mei.yaml").write_text("name: My Mei\ndescription: Mine.\n")
    assert [one.persona.name for one in load_library().personas] == ["My Mei"]
    assert find("mei").file == own / "Mei.yaml"
    assert find("MEI").source == "yours"


def test_a_broken_file_hides_no_other_and_is_told(own, shipped, card):
    (shipped / "mei.toml").write_text(card("Mei"))
    (own / "broken.toml").write_text("name = ")
    (own / "worse.toml").write_text(card("W", "nmae = 1"))
    found = load_library()
    assert [one.key for one in found.personas] == ["mei"]
    assert [
        str(own / name) in str(error) for name, error in zip(("broken.toml", "worse.toml"), found.broken, strict=True)
    ]
    assert "is not TOML" in told("broken")


def test_a_broken_own_persona_is_not_silently_replaced_by_the_shipped_one(own, shipped, card):
    (shipped / "mei.toml").write_text(card("Mei"))
    (own / "mei.toml").write_text("name = ")
    assert "is not TOML" in told("mei")
    assert load_library().personas == ()


def test_two_files_with_one_key_are_told(own, card):
    (own / "mei.toml").write_text(card("Mei"))
    (own / "mei.yaml").write_text("name: Mei\ndescription: x")
    assert "have the same key: mei.toml and mei.yaml. Rename one of them." in told("mei")
    assert len(load_library().broken) == 1


def test_other_files_in_the_folder_do_not_matter(own, card):
    (own / "notes.txt").write_text("x")
    (own / ".mei.toml").write_text("x")
    (own / "pictures").mkdir()
    (own / "mei.toml").write_text(card("Mei"))
    assert [one.key for one in load_library().personas] == ["mei"]
    assert load_library().broken == ()


def test_a_persona_is_found_by_key_file_name_and_name(own, card):
    (own / "xiaolan.toml").write_text(card("小岚"), encoding="utf-8")
    for name in ("xiaolan", "XiaoLan", "xiaolan.toml", "小岚", str(own / "xiaolan.toml")):
        assert find_persona(name).name == "小岚"


def test_a_file_anywhere_can_be_named(own, tmp_path, card, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mei.toml").write_text(card("Mei"))
    assert find(str(tmp_path / "elsewhere" / "mei.toml")).source == "file"
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert find("mei.toml").source == "file"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find("~/elsewhere/mei.toml").persona.name == "Mei"


def test_a_file_here_that_happens_to_have_the_name_of_a_key_is_not_taken_for_a_persona(
    own, tmp_path, card, monkeypatch
):
    (own / "mei.toml").write_text(card("Mei"))
    (tmp_path / "mei").write_text("something else")
    monkeypatch.chdir(tmp_path)
    assert find("mei").source == "yours"


def test_two_characters_of_one_name_are_told_apart_by_key(own, card):
    (own / "one.toml").write_text(card("Mei"))
    (own / "two.toml").write_text(card("Mei"))
    assert told("Mei") == "2 personas are called Mei. Name one of them: `one` (Mei), `two` (Mei)."


def test_a_misspelt_key_is_answered_with_the_nearest_ones(own, card):
    for key in ("juniper", "ambrose"):
        (own / f"{key}.toml").write_text(card(key.title()))
    assert told("junper") == "There is no persona `junper`. Perhaps `juniper` is meant."
    assert told("zzz") == "There is no persona `zzz`. There are `ambrose` (Ambrose), `juniper` (Juniper)."


def test_a_missing_file_is_answered_with_the_nearest_ones_beside_it(own, tmp_path, card):
    (own / "mei.toml").write_text(card("Mei"))
    assert told(str(own / "mai.toml")) == (
        f"There is no persona file {own / 'mai.toml'}. Perhaps `mei.toml` in that folder is meant."
    )
    assert told(str(tmp_path / "absent" / "x.toml")).endswith("Give the path of a TOML or YAML file.")


@pytest.mark.parametrize("name", ["", " ", "x" * 5000, "~nobody-of-that-name/x", "a\0b", ".", "..", "/"])
def test_any_name_is_answered(own, name):
    assert told(name)


def test_with_no_persona_at_all_the_folder_for_them_is_named(own):
    assert told("mei") == f"There is no persona `mei`. Put a persona file into {own}."
    assert user_folder() == own


def test_a_missing_folder_is_no_mistake(own, shipped, card):
    own.rmdir()
    (shipped / "mei.toml").write_text(card("Mei"))
    assert find("mei").source == "shipped"


def test_a_folder_that_may_not_be_read_is_told_and_hides_nothing(own, shipped, card, monkeypatch):
    (shipped / "mei.toml").write_text(card("Mei"))
    real = Path.iterdir

    def refused(folder: Path):
        if folder == own:
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(Path, "iterdir", refused)
    found = load_library()
    assert [one.key for one in found.personas] == ["mei"]
    assert "cannot be read: Permission denied. Make the folder yours to read." in str(found.broken[0])
