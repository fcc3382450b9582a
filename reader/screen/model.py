"""What a screen shows, as frozen data: the words, the picture, the buttons. No pixel, no session."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from reader.session.vocabulary import Button, CheckedPart, ConsentItem, Guidance, Step

DIGITS_IN_ORDER = (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)
TEXT_MARK = "@"  # a value that begins with it is a text id, translated like everything else
PROGRESS_STEPS = 48  # how finely the ring fills; finer would redraw without being seen


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence by id, with the values that go into it."""

    text_id: str
    values: tuple[tuple[str, str], ...] = ()


class Rank(StrEnum):
    """How much a button asks for attention."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Picture(StrEnum):
    """What the picture of a screen tells without words."""

    NONE = "none"
    WAIT = "wait"
    CARD_IN = "card_in"
    CARD_TURN = "card_turn"
    CARD_SLEEVE = "card_sleeve"
    CARD_PUSH = "card_push"
    CARD_OUT = "card_out"
    CARD_AGAIN = "card_again"
    TO_DESK = "to_desk"
    STAFF_COMES = "staff_comes"
    CARD_STAYS = "card_stays"
    PIN = "pin"
    PIN_OR_STAFF = "pin_or_staff"
    REGISTER = "register"
    CALENDAR = "calendar"
    PAPERS = "papers"
    PRESCRIPTION = "prescription"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: what it means, what it says, how loud it is."""

    button: Button
    words: Words
    rank: Rank = Rank.SECONDARY
    item: ConsentItem | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One question of the consent list; answer None: not yet answered."""

    item: ConsentItem
    answer: bool | None


@dataclass(frozen=True, slots=True)
class Content:
    """What one screen says, chosen by its file under ``screens/``."""

    headline: Words
    body: Words | None = None
    note: Words | None = None
    picture: Picture = Picture.NONE
    choices: tuple[Choice, ...] = ()
    rows: tuple[ConsentRow, ...] = ()
    tries: Words | None = None
    code: Words | None = None  # a small line for staff
    parts: tuple[CheckedPart, ...] | None = None  # the inspection; None while it is under way
    page: int = 0  # of the parts; counted on by the session, round and round
    guidance: Guidance | None = None
    urgency: int = 0
    voice: str = ""


@dataclass(frozen=True, slots=True)
class ScreenModel:
    """Everything drawn. Two equal models look the same except for what lives and moves, which is not compared."""

    step: Step
    content: Content
    clinic: str = ""
    clock: str = ""
    language: str = "ja"
    easy: bool = False
    large_text: bool = False
    high_contrast: bool = False
    more_time: bool = False
    lower: bool = False
    languages: tuple[str, ...] = ("ja",)
    choosing_language: bool = False
    digits: int = 0
    pad_order: tuple[int, ...] = DIGITS_IN_ORDER
    countdown: int | None = None
    staff_line: Words | None = None
    focus: int | None = None
    progress: int = field(default=0, compare=False)  # of the ring, 0..PROGRESS_STEPS
    phase: int = field(default=0, compare=False)  # of the card in the picture, 0..motion.PHASES
    preview: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)
    photo: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)
