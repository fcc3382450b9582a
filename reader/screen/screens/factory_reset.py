"""For staff: the way to a blank kiosk, from what will be lost to what is done."""

from __future__ import annotations

from typing import Final

from reader.screen.layouts import notice
from reader.screen.model import Choice, Content, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Reset, Session
from reader.session.vocabulary import Button, ResetStage

_BACK: Final = Choice(Button.STOP, Words("button.back"), Rank.PRIMARY)
_STOP: Final = Choice(Button.STOP, Words("button.stop"), Rank.PRIMARY)
_ERASE: Final = Choice(Button.ERASE, Words("button.erase"))


def content(session: Session) -> Content:
    """What staff read. The safe answer is the loud one."""
    reset = session.reset or Reset()
    stage = f"factory_reset.{reset.stage.value}"
    waiting = reset.stage is ResetStage.TOLD and reset.counted and reset.waiting != 0
    return Content(
        Words(f"{stage}.headline"),
        Words(f"{stage}.waiting.body" if waiting else f"{stage}.body"),
        tries=_stressed(reset),
        choices=_choices(reset),
    )


def _stressed(reset: Reset) -> Words | None:
    match reset.stage:
        case ResetStage.TOLD if not reset.counted:
            return Words("factory_reset.counting")
        case ResetStage.TOLD if reset.waiting is None:
            return Words("factory_reset.uncounted")
        case ResetStage.TOLD if reset.waiting:
            return Words("factory_reset.waiting", (("count", str(reset.waiting)),))
        case ResetStage.TOLD:
            return Words("factory_reset.none_waiting")
        case ResetStage.ERASING:
            return Words("factory_reset.percent", (("percent", str(reset.percent)),))
        case _:
            return None


def _choices(reset: Reset) -> tuple[Choice, ...]:
    match reset.stage:
        case ResetStage.TOLD if not reset.counted:
            return (_BACK,)
        case ResetStage.TOLD if reset.waiting == 0:
            return (_BACK, Choice(Button.NEXT, Words("button.next")))
        case ResetStage.TOLD:
            return (_BACK, Choice(Button.LOSE_RESULTS, Words("button.lose_results")))
        case ResetStage.SURE | ResetStage.ARMED:
            return (_STOP, _ERASE)
        case ResetStage.NOT_BEGUN:
            return (_BACK,)
        case ResetStage.ERASING | ResetStage.DONE:
            return ()


SCREEN = Screen(content, notice.compose)
