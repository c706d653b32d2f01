"""The characters at hand: the shipped ones and the person's own, by key, by name or by file."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from voicemate.core import paths
from voicemate.core.errors import PersonaError
from voicemate.personas.persona import Persona
from voicemate.personas.persona_file import SUFFIXES, read_persona

PersonaSource = Literal["yours", "shipped", "file"]


@dataclass(frozen=True, slots=True)
class LibraryPersona:
    """A persona and where it comes from.

    Attributes:
        key: what the persona is asked for by: its file's name without the ending.
        source: the person's own folder, what ships with the program, or a file that was named.
    """

    key: str
    persona: Persona
    file: Path
    source: PersonaSource


@dataclass(frozen=True, slots=True)
class PersonaLibrary:
    """All personas that can be used, by key, and what is wrong with the files of the others."""

    personas: tuple[LibraryPersona, ...]
    broken: tuple[PersonaError, ...]


def user_folder() -> Path:
    """Where the person's own personas are looked for."""
    return paths.config_folder() / "personas"


def load_library() -> PersonaLibrary:
    """Every persona at hand.

    One of the person's own hides a shipped one with the same key; a broken file hides no other.
    """
    personas: list[LibraryPersona] = []
    broken: list[PersonaError] = []
    taken: set[str] = set()
    for source, folder in _folders():
        try:
            files = _files(folder)
        except PersonaError as error:
            broken.append(error)
            continue
        for key in sorted(files.keys() - taken):
            try:
                personas.append(_load(files[key], source))
            except PersonaError as error:
                broken.append(error)
        taken |= files.keys()
    return PersonaLibrary(tuple(sorted(personas, key=lambda shelved: shelved.key)), tuple(broken))


def find(name: str) -> LibraryPersona:
    """The persona that ``name`` names: a file, a key, or what the character is called.

    Raises:
        PersonaError: there is none, there are two, or its file cannot be used.
    """
    file = _as_file(name)
    if file:
        return _named_file(file)
    wanted = name.casefold()
    for suffix in SUFFIXES:
        wanted = wanted.removesuffix(suffix)
    for source, folder in _folders():
        files = _files(folder)
        if wanted in files:
            return _load(files[wanted], source)
    known = load_library().personas
    called = [shelved for shelved in known if shelved.persona.name.casefold() == name.casefold()]
    if len(called) == 1:
        return called[0]
    if called:
        raise PersonaError(f"{len(called)} personas are called {name}", f"Name one of them: {_listed(called)}")
    raise PersonaError(f"There is no persona `{name}`", _suggestion(wanted, known))


def find_persona(name: str) -> Persona:
    """See ``find``."""
    return find(name).persona


def _as_file(name: str) -> Path | None:
    """The file that ``name`` is the path of; None when it is a key, or a name that no file here has."""
    try:
        file = Path(name).expanduser()
        is_here = file.suffix.lower() in SUFFIXES and file.is_file()
    except (OSError, RuntimeError):  # too long for a file name; a home that nobody has
        return None
    return file if is_here or len(file.parts) > 1 else None


def _folders() -> tuple[tuple[PersonaSource, Path], ...]:
    return ("yours", user_folder()), ("shipped", paths.shipped_path("personas"))


def _files(folder: Path) -> dict[str, list[Path]]:
    """The persona files of a folder by key; the case of letters does not count, as in the file names of a Mac."""
    found: dict[str, list[Path]] = {}
    try:
        files = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return found
    except OSError as error:
        raise PersonaError(
            f"The personas in {folder} cannot be read: {error.strerror}", "Make the folder yours to read"
        ) from None
    for file in files:
        if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            found.setdefault(file.stem.casefold(), []).append(file)
    return found


def _load(files: list[Path], source: PersonaSource) -> LibraryPersona:
    first, *others = files
    if others:
        raise PersonaError(
            f"Two persona files in {first.parent} have the same key: {first.name} and {others[0].name}",
            "Rename one of them",
        )
    return LibraryPersona(first.stem, read_persona(first), first, source)


def _named_file(file: Path) -> LibraryPersona:
    if not file.exists():
        near = get_close_matches(file.stem.casefold(), _files(file.parent), n=3)
        names = [path.name for key in near for path in _files(file.parent)[key]]
        raise PersonaError(
            f"There is no persona file {file}",
            f"Perhaps {_either(names)} in that folder is meant" if names else "Give the path of a TOML or YAML file",
        )
    return _load([file], "file")


def _suggestion(wanted: str, known: Iterable[LibraryPersona]) -> str:
    """The keys that are nearly what was asked for, or all."""
    keys = [shelved.key for shelved in known]
    near = get_close_matches(wanted, [key.casefold() for key in keys], n=3)
    if near:
        return f"Perhaps {_either([key for key in keys if key.casefold() in near])} is meant"
    return f"There are {_listed(known)}" if keys else f"Put a persona file into {user_folder()}"


def _listed(shelved: Iterable[LibraryPersona]) -> str:
    return ", ".join(f"`{one.key}` ({one.persona.name})" for one in shelved)


def _either(names: list[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
