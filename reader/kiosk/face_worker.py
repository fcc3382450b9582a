"""Owns the face engine: looks at the newest frame, reports guidance and the decision, and lets go of every pixel."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reader.devices.ports import Frame, LightRequest
from reader.face.engine import NoFaceInPhoto, Observation
from reader.face.image import BadImage
from reader.face.liveness.own_light import OwnLightCue
from reader.kiosk.heat import rest_after
from reader.kiosk.light import LightLoop
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Mailbox, Report, Worker
from reader.session import events as ev
from reader.session.failures import Failure
from reader.session.vocabulary import Guidance, Ref
from reader.vault import Vault, VaultError, give_back

log = logging.getLogger(__name__)

IDLE_S = 1.0
WAIT_S = 0.01  # how soon to look again when no newer frame is there
PROGRESS_STEP = 0.02


@dataclass(frozen=True, slots=True)
class StartTry:
    """Begin a face try of this visit."""

    visit: int


@dataclass(frozen=True, slots=True)
class StopTry:
    """End the try."""


@dataclass(frozen=True, slots=True)
class Compare:
    """The card's photo is in the vault: compare with it."""

    visit: int
    photo: Ref


@dataclass(frozen=True, slots=True)
class ForgetFaces:
    """The visit is over: overwrite everything."""


@dataclass(frozen=True, slots=True)
class Ease:
    """Look less often, because the board is hot; or as often as can be again."""

    on: bool


FaceOrder = StartTry | StopTry | Compare | ForgetFaces | Ease


class Try(Protocol):
    """What is asked of ``FaceTry``."""

    def set_reference(self, reference: Ref) -> None:
        """Name the enrolled IC photo."""

    def observe(self, frame: Frame) -> Observation:
        """Look at one frame. Raises BadImage."""

    def close(self) -> None:
        """Overwrite what was kept."""


class Engine(Protocol):
    """What is asked of ``FaceEngine``; the simulator has one that is told the truth instead of looking."""

    def enroll(self, photo: NDArray[np.uint8]) -> Ref:
        """Put the photo's template into the vault. Raises NoFaceInPhoto, BadImage."""

    def begin(self, at: float) -> Try:
        """Start a try."""

    def wipe(self) -> None:
        """Overwrite everything."""


class FaceWorker(Worker[FaceOrder]):
    """One face engine, one try at a time. ``seen`` holds the newest observation for the preview.

    own_light: with it, the fill light is varied during a try and how the face answers is logged; it decides nothing.
    """

    name = "face"
    patience_s = 10.0

    def __init__(
        self,
        report: Report,
        engine: Engine,
        vault: Vault,
        frames: Mailbox[Frame],
        seen: Mailbox[Observation],
        light: Callable[[LightRequest], None],
        trace: Trace,
        now: Callable[[], float],
        own_light: random.Random | None = None,
    ) -> None:
        super().__init__(report)
        self._engine = engine
        self._vault = vault
        self._frames = frames
        self._seen = seen
        self._set_light = light
        self._loop = LightLoop()
        self._wanted = self._asked = LightRequest()  # by the light loop, and with the variation on top
        self._own_light = own_light
        self._live: bool | None = None
        self._cue: OwnLightCue | None = None
        self._eased = False
        self._trace = trace
        self._now = now
        self._visit = 0
        self._try: Try | None = None
        self._reference: Ref | None = None
        self._reported: tuple[Guidance | None, float] | None = None
        self._matched = False

    def _take(self, order: FaceOrder, now: float) -> None:
        match order:
            case StartTry(visit=visit):
                self._end_try()
                if visit != self._visit:
                    self._wanted = self._asked = self._loop.reset()
                    self._set_light(self._asked)
                    self._forget_reference()
                self._visit = visit
                self._try = self._engine.begin(now)
                if self._own_light is not None and not self._eased:
                    self._cue = OwnLightCue(self._own_light, now)
                if self._reference is not None:
                    self._try.set_reference(self._reference)
            case StopTry():
                self._end_try()
            case Compare(visit=visit, photo=photo):
                self._enroll(visit, photo)
            case ForgetFaces():
                self._end_try()
                self._forget_reference()
                self._visit = 0
                self._engine.wipe()
                give_back()
            case Ease(on=on):
                self._eased = on

    def _enroll(self, visit: int, photo: Ref) -> None:
        if visit != self._visit:
            return
        start = self._now()
        try:
            picture = self._vault.get(photo)
            assert not isinstance(picture, bytearray)
            self._reference = self._engine.enroll(picture)
        except VaultError:
            return  # the card was pulled meanwhile
        except (NoFaceInPhoto, BadImage):
            self._report(ev.CardFailed(self._now(), visit, Failure.PHOTO_UNREADABLE))
            return
        self._trace.add("inference", "IC photo", start, self._now())
        if self._try is not None:
            self._try.set_reference(self._reference)

    def _end_try(self) -> None:
        if self._try is not None:
            self._try.close()
        self._try = None
        self._end_cue()
        self._reported = None
        self._matched = False
        self._seen.put(None)

    def _end_cue(self) -> None:
        if self._cue is not None:
            score = self._cue.score
            said = "not known yet" if score is None else f"{score:+.2f} stops above the room"
            log.info("own light (experimental, decides nothing): live %s, face %s", self._live, said)
            if self._asked != self._wanted:
                self._asked = self._wanted
                self._set_light(self._asked)
        self._cue = self._live = None

    def _forget_reference(self) -> None:
        if self._reference is not None:
            self._vault.drop(self._reference)
        self._reference = None

    def _work(self, now: float) -> float:
        if self._try is None:
            return IDLE_S
        frame = self._frames.take()
        if frame is None:
            return WAIT_S
        start = self._now()
        try:
            seen = self._try.observe(frame)
        except BadImage:
            return 0.0  # one torn frame is no reason to stop looking
        end = self._now()
        self._trace.add("inference", "frame", start, end)
        self._seen.put(seen)
        self._light(seen, frame.at, end)
        self._tell(seen, end)
        return rest_after(end - start) if self._eased else 0.0

    def _light(self, seen: Observation, taken_at: float, now: float) -> None:
        if seen.light is not None:
            request = self._loop.answer(seen.box, seen.light.face, seen.light.background, taken_at)
            self._wanted = request or self._wanted
        asked = self._wanted
        if self._cue is not None:
            self._cue.add(seen.light, taken_at)
            asked = replace(asked, fill=self._cue.level(asked.fill, now))
        if asked != self._asked:
            self._asked = asked
            self._set_light(asked)

    def _tell(self, seen: Observation, at: float) -> None:
        known = self._reported
        if known is None or known[0] is not seen.guidance or abs(known[1] - seen.progress) >= PROGRESS_STEP:
            self._reported = (seen.guidance, seen.progress)
            self._report(ev.FaceProgress(at, self._visit, seen.guidance, seen.progress))
        decision = seen.decision
        if decision is not None:
            self._report(ev.FaceDecided(at, self._visit, decision.matched, decision.live, decision.failure))
            self._live = decision.live
        elif self._matched:
            self._report(ev.FaceLost(at, self._visit))
        self._matched = decision is not None and decision.matched

    def close(self) -> None:
        """Overwrite everything."""
        self._end_try()
        self._forget_reference()
        self._engine.wipe()
