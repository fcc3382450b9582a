"""The catalogue: every sentence by id, in each language, read from ``reader/text/catalogue/*.toml``.

A sentence may hold ``|`` where a line may end, ``~`` for a space where none may (Vietnamese writes one word as
several), and ``{name}`` where a value goes. A missing translation falls back
visibly: to English, then to Japanese, never to an id.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from reader.text.failures import load_failures

SOURCE: Final = "ja"
EASY: Final = "ja-easy"
BREAK: Final = "|"
TIE: Final = "~"
FAILURE_KIND: Final = "failure.kind."

#: Languages in the order of the language list.
LANGUAGES: Final = ("ja", "en", "zh-Hans", "zh-Hant", "ko", "vi", "pt-BR", "ne", "tl")


class UnknownText(KeyError):
    """No language has this id: a mistake in the program, found by the tests, never shown."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the catalogue. reviewed: a native speaker has checked it."""

    tag: str
    name: str
    reviewed: bool
    texts: Mapping[str, str]
    voices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All languages. ``Catalogue.load()`` reads what the package ships."""

    languages: Mapping[str, Language]

    @classmethod
    def load(cls) -> Catalogue:
        """Return every language file of the package, read once."""
        return cls(_shipped())

    @property
    def ids(self) -> frozenset[str]:
        """Every id of the source language."""
        return frozenset(self.languages[SOURCE].texts)

    def text(self, text_id: str, language: str = SOURCE, easy: bool = False) -> str:
        """Return the sentence, with its ``|`` and ``{}`` marks. Raises UnknownText when no language has it."""
        for tag in self._order(language, easy):
            sentence = self.languages[tag].texts.get(text_id)
            if sentence is not None:
                return sentence
        raise UnknownText(text_id)

    def voice(self, text_id: str, language: str = SOURCE, easy: bool = False) -> str:
        """Return what is spoken for this id: the spoken line where there is one, else the written one, unmarked."""
        for tag in self._order(language, easy):
            spoken = self.languages[tag].voices.get(text_id) or self.languages[tag].texts.get(text_id)
            if spoken is not None:
                return spoken.replace(BREAK, "").replace(TIE, " ")
        raise UnknownText(text_id)

    def date(self, iso: str, language: str = SOURCE) -> str:
        """Write an ISO 8601 date as this language does; anything else comes back as it is."""
        parts = iso.split("-")
        if len(parts) != 3 or not all(part.isdigit() for part in parts):
            return iso
        year, month, day = (str(int(part)) for part in parts)
        pattern = self.text("date.format", language)
        if "{name}" in pattern:
            pattern = pattern.replace("{name}", self.text(f"date.month.{month}", language))
        return pattern.format(year=year, month=month, day=day)

    def has(self, text_id: str, language: str) -> bool:
        """Whether this very language has the sentence, without any fallback."""
        return language in self.languages and text_id in self.languages[language].texts

    def language_of(self, text_id: str, language: str, easy: bool = False) -> str:
        """Which language ``text`` answers in: it decides the font."""
        for tag in self._order(language, easy):
            if text_id in self.languages[tag].texts:
                return SOURCE if tag == EASY else tag
        raise UnknownText(text_id)

    def reviewed(self, language: str) -> bool:
        """Whether a native speaker has checked this language."""
        return language in self.languages and self.languages[language].reviewed

    def name(self, language: str) -> str:
        """The language's own name for itself."""
        return self.languages[language].name

    def _order(self, language: str, easy: bool) -> Iterator[str]:
        """Where to look, best first."""
        wanted = [EASY] if easy and language == SOURCE else []
        wanted += [language] if language in (SOURCE, "en") else [language, "en"]
        for tag in [*wanted, SOURCE]:
            if tag in self.languages:
                yield tag


def _language(table: dict[str, Any]) -> Language:
    """Build one language from its file."""
    tag, name, reviewed = table.pop("language"), table.pop("name"), table.pop("reviewed")
    voices = table.pop("voice", {})
    return Language(tag, name, reviewed, dict(_flat(table)), dict(_flat(voices)))


@cache
def _shipped() -> Mapping[str, Language]:
    found: dict[str, Language] = {}
    for entry in sorted(resources.files(__package__).joinpath("catalogue").iterdir(), key=lambda path: path.name):
        if entry.name.endswith(".toml"):
            language = _language(tomllib.loads(entry.read_text(encoding="utf-8")))
            found[language.tag] = language
    return MappingProxyType({tag: _with_failures(language) for tag, language in found.items()})


def _with_failures(language: Language) -> Language:
    """Add the failure table: in Japanese its own sentences, elsewhere the translated sentence of each kind."""
    texts, voices = dict(language.texts), dict(language.voices)
    kinds = {text_id: texts.pop(text_id) for text_id in list(texts) if text_id.startswith(FAILURE_KIND)}
    for failure in load_failures().values():
        if language.tag == SOURCE:
            texts[f"failure.{failure.name}.headline"] = failure.headline
            texts[f"failure.{failure.name}.body"] = failure.body
            voices[f"failure.{failure.name}"] = failure.say
            continue
        for part in ("headline", "body"):
            sentence = kinds.get(f"{FAILURE_KIND}{failure.kind}.{part}")
            if sentence is not None:
                texts[f"failure.{failure.name}.{part}"] = sentence
    return replace(language, texts=texts, voices=voices)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Turn nested tables into dotted ids."""
    for key, value in table.items():
        if isinstance(value, str):
            yield prefix + key, value
        else:
            yield from _flat(value, f"{prefix}{key}.")
