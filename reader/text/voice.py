"""Which lines are spoken, how long they may be, and where their recordings lie."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from reader.session.table import STEPS
from reader.session.vocabulary import Button, CardFrontProblem, Guidance
from reader.text.catalogue import EASY, SOURCE, Catalogue
from reader.text.failures import load_failures

#: Languages with recordings: only where an offline voice of clean licence is good enough.
SPOKEN: Final = (SOURCE, EASY)
MAX_MORAE: Final = 45  # a sentence of at most 7 s at 6.5 morae a second (JIS S 0015)
MAX_SECONDS: Final = 7.0
_GLUED: Final = frozenset("ャュョァィゥェォヮ")


def voice_folder() -> Path:
    """Return the folder of recordings that ships with kaopi: ``LANGUAGE/TEXT_ID.ogg``."""
    return Path(str(resources.files(__package__).joinpath("voices")))


def spoken_ids() -> tuple[str, ...]:
    """Return every id the kiosk may speak, sorted: steps, guidance, failures, and what a keypad points at."""
    ids = {text_id for spec in STEPS.values() for text_id in (spec.says, spec.tells) if text_id}
    ids |= {"still_there", "take_card", "pad.digit", "pad.backspace", "button.done_typing"}
    ids |= {f"front.{problem.value}" for problem in CardFrontProblem}
    ids |= {f"guidance.{guidance.value}" for guidance in Guidance}
    ids |= {f"failure.{text.name}" for text in load_failures().values()}
    ids |= {f"button.{button.value}" for button in Button}
    return tuple(sorted(ids))


def lines(catalogue: Catalogue) -> dict[tuple[str, str], str]:
    """Return what is to be recorded: (language, id) to sentence. Easy Japanese only where it differs."""
    found: dict[tuple[str, str], str] = {}
    for text_id in spoken_ids():
        plain = catalogue.voice(text_id, SOURCE)
        easy = catalogue.voice(text_id, SOURCE, easy=True)
        found[SOURCE, text_id] = plain
        if easy != plain:
            found[EASY, text_id] = easy
    return found


def recorded_language(text_id: str, language: str, easy: bool = False, folder: Path | None = None) -> str:
    """Return the folder name to speak from: easy Japanese where it was asked for and has a recording of its own."""
    easy_file = (folder or voice_folder()) / EASY / f"{text_id}.ogg"
    return EASY if easy and language == SOURCE and easy_file.is_file() else language


def morae(kana: str) -> int:
    """Count the morae of a katakana reading: ャュョ and small vowels belong to the one before, ー ッ ン count."""
    return sum("ァ" <= char <= "ー" and char not in _GLUED and char != "・" for char in kana)
