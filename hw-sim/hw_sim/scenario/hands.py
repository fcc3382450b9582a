"""Plays the ``[[do]]`` list of a scenario against a kiosk: finds buttons on the screen as a finger would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.schema import Do, Scenario
from reader.kiosk.kiosk import Kiosk
from reader.screen.scene import Target
from reader.session.vocabulary import CardFrontProblem, Step


class HandsError(AssertionError):
    """A finger looked for something that the screen does not show."""


class Stage(Protocol):
    """What hands can do to the world around the kiosk."""

    def insert(self, persona: str, pull_at: int | None) -> None:
        """Put a card into the slot."""

    def remove(self) -> None:
        """Take it out."""

    def beside(self, persona: str | None) -> None:
        """Put a card into a second reader beside the slot; None takes it out."""

    def tap(self, x: int, y: int) -> None:
        """Touch the screen."""

    def change(self, do: Do) -> None:
        """Change who or what stands before the camera, or the light."""

    def staff(self, do: Do) -> None:
        """Do what the desk's page does."""

    def front(self, problem: CardFrontProblem | None) -> None:
        """Let the slot camera see a card that lies badly, or well again."""

    def fault(self, kind: FaultKind, worker: str | None) -> None:
        """Break or mend something. Raises KeyError when this runner cannot."""


class Hands:
    """One patient's hands (and the staff's). Call ``step`` often; ``done`` when the list is played.

    kiosk: the one that runs now; whoever starts it again puts the new one here.
    """

    def __init__(self, scenario: Scenario, kiosk: Kiosk, stage: Stage, say: Callable[[str], None]) -> None:
        self._todo = list(scenario.do)
        self.kiosk = kiosk
        self._stage = stage
        self._say = say
        self._seen: list[Step] = []
        self._due: float | None = None
        self._digits: list[str] = []

    @property
    def done(self) -> bool:
        """Whether everything was done."""
        return not self._todo and not self._digits

    @property
    def waiting_for(self) -> str:
        """What the next action waits for, for a message when time is up."""
        return repr(self._todo[0]) if self._todo else "nothing"

    def entered(self, step: Step) -> None:
        """The kiosk entered a step."""
        self._seen.append(step)

    def step(self, now: float) -> None:
        """Do what is due."""
        if self._digits:
            self._press_digit(self._digits.pop(0))
            return
        while self._todo:
            do = self._todo[0]
            if self._due is None:
                if do.on is not None and do.on is not self.kiosk.session.step and do.on not in self._seen:
                    return
                self._due = now + do.after
            if now < self._due:
                return
            self._todo.pop(0)
            self._due = None
            self._seen.clear()
            self._act(do)
            return

    def _act(self, do: Do) -> None:
        if do.insert is not None:
            self._say(f"card in{f' ({do.insert})' if do.insert else ''}")
            self._stage.insert(do.insert, do.pull_at)
        elif do.remove:
            self._say("card out")
            self._stage.remove()
        elif do.insert_beside is not None or do.remove_beside:
            self._say("card beside" if do.insert_beside is not None else "card beside out")
            self._stage.beside(do.insert_beside)
        elif do.press is not None:
            self._say(f"press {do.press.value}{f' {do.item.value}' if do.item else ''}")
            self._press(do)
        elif do.type is not None:
            self._say(f"type {len(do.type)} digits")
            self._digits = list(do.type)
        elif do.fault is not None:
            self._say(f"fault: {do.fault}{f' ({do.worker})' if do.worker else ''}")
            self._stage.fault(do.fault, do.worker)
        elif do.front is not None:
            self._say(f"slot camera: {do.front}")
            self._stage.front(None if do.front == "ok" else do.front)
        elif do.visual_check or do.same_person is not None or do.not_registered or do.revoke:
            self._say("staff act at the desk")
            self._stage.staff(do)
        else:
            self._stage.change(do)

    def _press(self, do: Do) -> None:
        def wanted(target: Target) -> bool:
            touch = target.touch
            item = do.item is None or touch.item is do.item
            return touch.button is do.press and item and (do.language is None or touch.language == do.language)

        self._tap(wanted, f"button {do.press}")

    def _press_digit(self, digit: str) -> None:
        self._tap(lambda target: target.touch.digit == int(digit), "a digit key")

    def _tap(self, wanted: Callable[[Target], bool], what: str) -> None:
        for target in self.kiosk.targets():
            if wanted(target):
                rect = target.rect
                self._stage.tap(rect.x + rect.w // 2, rect.y + rect.h // 2)
                return
        raise HandsError(f"there is no {what} on screen {self.kiosk.session.step.value}")
