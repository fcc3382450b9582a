"""The face worker's one object: enrol the IC photo, then look at frames until there is a decision.

``FaceEngine`` holds the nets; a ``FaceTry`` holds one try of one patient. Time is the frames' own. All evidence
belongs to one track: when the face is lost or another one takes its place, evidence starts again from nothing.
A match holds as long as whoever was matched stays: the card may be checked a while later.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.face import geometry
from reader.face.bands import BandMeter
from reader.face.detector import Detection, FaceDetector
from reader.face.embedder import Embedder, Embedding, FusedEmbedder, MobileFaceNet, SFace, align, sharpen
from reader.face.guidance import Steady, View, reason
from reader.face.image import Pixels, as_rgb
from reader.face.landmarks import LandmarkBackend, Mesh, OnnxLandmarks, region_of_detection, region_of_points
from reader.face.light import LightReading, read_light
from reader.face.liveness import challenge as challenges
from reader.face.liveness.border import BorderCue
from reader.face.liveness.challenge import Answer, Challenge, Rest
from reader.face.liveness.motion import BlinkCue, DepthCue, RepeatCue
from reader.face.liveness.passive import PassiveEvidence, PassiveNet
from reader.face.liveness.rule import LEAST_FRAMES, Cues, Verdict, Weights, turned, verdict
from reader.face.modelstore import ModelStore
from reader.face.settings import FaceSettings
from reader.face.template import SIZE, Template, Witnesses, quality
from reader.face.tracker import Tracked, Tracker
from reader.face.unseen import why_unseen
from reader.session.failures import Failure
from reader.session.vocabulary import Guidance, Ref
from reader.vault import Vault, overwrite

LIGHT_EVERY_S = 0.08
WATCH_EVERY_S = 0.06  # between two looks while there is nothing to gather: every second frame of 30 a second
DEPTH_EYES_PX = 40.0  # smaller faces have a mesh too coarse to show depth
SURE_EVERY_S = 0.2  # whoever was matched is looked at this often until the card is checked
SURE_FOR_S = 1.0  # and must have been seen this lately: a glance down at the card is shorter
SPOT_CHECKS = 0.4  # share of the looks beyond the template's of which it is asked whose face they saw
LOOKS = 2  # complete templates that may be compared before a try ends as not matched
_CHALLENGE_REASONS = (Guidance.LOOK_STRAIGHT, Guidance.OPEN_EYES, Guidance.HOLD_STILL, Guidance.BLURRED)


class NoFaceInPhoto(ValueError):
    """The IC photo shows no face that can be compared: send the patient to PIN or staff."""


class CameraFrame(Protocol):
    """What is needed of ``reader.devices.ports.Frame``: uint8 RGB (H, W, 3), monotonic seconds, running number."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 RGB (H, W, 3), not mirrored."""

    @property
    def at(self) -> float:
        """Monotonic seconds of capture."""

    @property
    def number(self) -> int:
        """Counts up by one per frame captured."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How a try ended. failure is None only when matched and live, both on one track."""

    matched: bool
    live: bool
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Observation:
    """What one frame added.

    guidance: the one thing to change, or the movement asked for; None means all is well. progress: 0..1. box: face
    (x, y, w, h) and landmarks (468, 2), both in 0..1 of the unmirrored picture, None where no face is seen.
    light: None where no face is seen. decision: how the try ended; a match is taken back (None) when the face leaves.
    """

    guidance: Guidance | None
    progress: float
    box: tuple[float, float, float, float] | None = None
    landmarks: NDArray[np.float32] | None = None
    light: LightReading | None = None
    decision: Decision | None = None


class FaceEngine:
    """The nets and what turns them into decisions. One per process; tries follow one another."""

    def __init__(
        self,
        models: ModelStore,
        vault: Vault,
        settings: FaceSettings | None = None,
        rng: random.Random | None = None,
        landmarks: LandmarkBackend | None = None,
        weights: Weights | None = None,
    ) -> None:
        """Open every net at once, so that the first patient does not wait. Raises ModelRefused, ManifestError."""
        self.settings = settings or FaceSettings()
        self.threshold = models.manifest.threshold("match_score") + self.settings.stricter_by
        self.detector = FaceDetector(models.session("face_detector"))
        self.landmarks = landmarks or OnnxLandmarks(models.session("face_landmarks"))
        self.embedder: Embedder = FusedEmbedder(
            SFace(models.session("face_embedder")), MobileFaceNet(models.session("face_embedder_2"))
        )
        self.passive = PassiveNet(models.session("pad"))
        self.weights = weights or Weights()
        self.watch_every_s = WATCH_EVERY_S
        self.vault = vault
        # A challenge must be unpredictable for an attacker; tests inject a seeded generator.
        self.rng = rng or random.SystemRandom()
        self._tries: list[FaceTry] = []

    def enroll(self, photo: NDArray[Any]) -> Ref:
        """Put the embedding of the IC photo into the vault and return its ref. See ``embed_photo``."""
        return self.vault.put("face-reference", self.embed_photo(photo))

    def embed_photo(self, photo: NDArray[Any]) -> Embedding:
        """Return the unit embedding of the IC photo. The caller overwrites it, and wipes the photo.

        photo: uint8 grey (H, W) or RGB (H, W, 3), typically 160-240 wide. Raises NoFaceInPhoto, BadImage.
        """
        rgb = as_rgb(photo)
        # The portrait fills an ID photo; the detector was trained on faces with room around them.
        pad = max(rgb.shape[:2]) // 4
        padded = np.asarray(cv2.copyMakeBorder(rgb, pad, pad, pad, pad, cv2.BORDER_REPLICATE), np.uint8)
        try:
            found = self.detector.find(padded)
            if not found:
                raise NoFaceInPhoto("no face was found in the IC photo: continue with PIN or staff")
            mesh = self.refined(padded, found[0])
            overwrite(mesh.crop)
            overwrite(mesh.crop_points)
            if not mesh.is_face:
                overwrite(mesh.points)
                raise NoFaceInPhoto("the IC photo shows no face that can be measured: continue with PIN or staff")
            sharpen(padded, rgb.shape[1])
            embedding = self.embed(padded, mesh.points)
            overwrite(mesh.points)
            return embedding
        finally:
            overwrite(padded)
            if not np.may_share_memory(rgb, photo):  # a grey portrait was copied into three colours
                overwrite(rgb)

    def refined(self, rgb: Pixels, found: Detection) -> Mesh:
        """Return the mesh of a detection, found twice: the second region is cut by the first mesh, as in a video."""
        first = self.landmarks.find(rgb, region_of_detection(found))
        region = region_of_points(first.points)
        first.wipe()
        return self.landmarks.find(rgb, region)

    def embed(self, rgb: Pixels, points: geometry.Points, *, grey: bool = True) -> Embedding:
        """Return the unit embedding of the face with these mesh points. The caller overwrites it.

        grey: drop the colour first. The chip's portrait is grey, and nets that compare a grey with a coloured face of
        the same person score them lower; live frames are therefore made grey too.
        """
        aligned = align(rgb, points)
        if grey:
            flat = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY)
            cv2.cvtColor(flat, cv2.COLOR_GRAY2RGB, dst=aligned)
            overwrite(flat)
        embedding = self.embedder.embed(aligned)
        overwrite(aligned)
        return embedding

    def begin(self, at: float) -> FaceTry:
        """Start a try at monotonic second ``at``."""
        attempt = FaceTry(self, at)
        self._tries.append(attempt)
        return attempt

    def wipe(self) -> None:
        """Overwrite everything of every try still open."""
        for attempt in self._tries:
            attempt.close()
        self._tries.clear()


class FaceTry:
    """One try of one patient: frames in, one decision out. Use from one thread; the reference may come at any frame."""

    def __init__(self, engine: FaceEngine, at: float) -> None:
        self._engine = engine
        self._tracker = Tracker(engine.detector, engine.landmarks)
        self._steady = Steady()
        self._repeat = RepeatCue()
        self._reference: Ref | None = None
        self._track = 0
        self._passive = PassiveEvidence()
        self._blink = BlinkCue()
        self._depth = DepthCue()
        self._border = BorderCue()
        self._bands = BandMeter()
        self._template = Template()
        self._witnesses = Witnesses()
        self._answers: list[Answer] = []
        self._challenge: Challenge | None = None
        self._rest = Rest()
        self._live = False
        self._good = 0
        self._light: tuple[LightReading, float] | None = None
        self._looks = 0
        self._centre: tuple[float, float, float] | None = None
        self._last_at = float("-inf")
        self._watched: Observation | None = None  # what the last look gave, while there is nothing to gather
        self._looked_at = float("-inf")
        self._added = False
        self._decision: Decision | None = None
        self._sure_at = at  # when whoever was matched was last seen for certain
        self._closed = False

    # -- what the kiosk calls -------------------------------------------------------------------------------------

    def set_reference(self, reference: Ref) -> None:
        """Name the enrolled IC photo to compare with, before or after the first frames."""
        self._reference = reference
        self._watched = None  # the next frame may decide

    @property
    def cues(self) -> Cues:
        """What every liveness cue says of the present track."""
        return Cues(
            passive=self._passive.score,
            frames=self._passive.frames,
            repeats=self._repeat.score,
            border=self._border.score,
            settled=self._border.settled,
            bands=max(0.0, self._bands.face - 1.5 * self._bands.room),
            blinks=self._blink.count,
            solid=self._depth.solid and self._witnesses.are_of(self._template),
            flat=self._depth.flat,
            answers=tuple(self._answers),
        )

    def observe(self, frame: CameraFrame) -> Observation:
        """Look at one frame. Frames must come in order; one that is not newer than the last is not counted.

        Raises BadImage for pixels that are no picture, ValueError after ``close``.
        """
        if self._closed:
            raise ValueError("this try is closed: begin a new one")
        failed = self._decision is not None and self._decision.failure is not None
        if failed or frame.at <= self._last_at:
            return Observation(self._steady.shown, self._progress(), decision=self._decision)
        self._last_at = frame.at
        self._added = False  # whether this frame has become part of the template
        rgb = as_rgb(frame.pixels)
        repeated = self._repeat.add(rgb)
        if self._watched is not None and frame.at - self._looked_at < self._engine.watch_every_s:
            return self._watched
        self._looked_at = frame.at
        tracked = self._tracker.follow(rgb, frame.at)
        if tracked is None:
            self._watched = None
            self._rest = Rest()
            self._let_go_unless_sure(frame.at)
            return Observation(self._shown(why_unseen(rgb), frame.at), self._progress(), decision=self._decision)
        if tracked.track != self._track:
            self._start_over(tracked.track)
        points = tracked.mesh.points
        view = self._view(tracked, rgb.shape, frame.at)
        light = self._read_light(tracked, frame.at)
        overwrite(tracked.mesh.crop)
        overwrite(tracked.mesh.crop_points)
        why = reason(view, light, self._steady.shown)
        self._blink.add(view.openness, frame.at)
        can_move = self._rest.add(view.pose, frame.at)
        # A movement that is asked for is measured by itself, and so is the way back from it.
        asked = bool(self._answers) or (self._challenge is not None and self._challenge.is_begun_by(view.pose))
        by_itself = not asked and self._decision is None and view.eyes_px >= DEPTH_EYES_PX
        if by_itself:
            self._depth.add(points, view.pose)
        self._border.add(rgb, points, frame.at)
        self._bands.add(rgb, points, frame.at)
        if self._decision is not None:
            self._make_sure(rgb, points, why, frame.at, repeated=repeated)
        elif self._challenge is not None:
            self._answer(rgb, points, view, frame.at)
            if self._still_rests and why is None and not repeated:
                self._gather(rgb, points, view, light)
        elif why is None and not repeated:
            self._gather(rgb, points, view, light)
        if by_itself and self._depth.counts and not self._added:
            self._witnesses.add(self._engine.embed(rgb, points))
        if self._challenge is not None and why in _CHALLENGE_REASONS:
            why = None
        if self._decision is None:
            self._judge(rgb, points, view, why, frame.at, can_move=can_move)
        shown = self._shown(why, frame.at)
        x, y, w, h = tracked.box
        height, width = rgb.shape[:2]
        relative = np.asarray(points[:, :2] / np.array([width, height]), np.float32)
        overwrite(points)
        place = (x / width, y / height, w / width, h / height)
        seen = Observation(shown, self._progress(), place, relative, light, self._decision)
        self._watched = seen if self._waits() else None
        return seen

    def close(self) -> None:
        """Overwrite everything this try has kept. May be called more than once."""
        self._watched = None
        self._template.wipe()
        self._witnesses.wipe()
        self._tracker.forget()
        self._depth.close()
        self._bands.close()
        if self._challenge is not None:
            self._challenge.close()
            self._challenge = None
        self._closed = True

    def _shown(self, why: Guidance | None, at: float) -> Guidance | None:
        """What is said: a reason that has lasted, else the movement that is asked for."""
        steady = self._steady.hold(why, at)
        return self._challenge.kind if steady is None and self._challenge is not None else steady

    def _waits(self) -> bool:
        """Whether there is nothing to gather: a reason or a movement not yet begun is shown, or all is known."""
        if self._challenge is not None:
            return not self._challenge.begun and not self._still_rests
        return self._steady.shown is not None or (self._live and len(self._template) >= SIZE)

    @property
    def _still_rests(self) -> bool:
        """Whether somebody was asked early, and more looks are wanted of the head that has not begun to move."""
        asked = self._challenge is not None and not self._challenge.begun
        return asked and self._passive.frames < LEAST_FRAMES

    # -- one frame ------------------------------------------------------------------------------------------------

    def _view(self, tracked: Tracked, shape: tuple[int, ...], at: float) -> View:
        points = tracked.mesh.points
        height, width = shape[:2]
        x, y, w, h = tracked.box
        centre = (x + w / 2, y + h / 2)
        motion = 0.0
        if self._centre is not None and at > self._centre[2]:
            shift = float(np.hypot(centre[0] - self._centre[0], centre[1] - self._centre[1]))
            motion = shift / max(w, 1.0) / (at - self._centre[2])
        self._centre = (*centre, at)
        return View(
            x=centre[0] / width,
            y=centre[1] / height,
            width=w / width,
            eyes_px=geometry.eye_distance(points),
            pose=geometry.pose(points),
            openness=geometry.eye_openness(points),
            motion=motion,
            others=tracked.others,
        )

    def _read_light(self, tracked: Tracked, at: float) -> LightReading:
        """Measure the light ten times a second: rooms do not change faster, and blur is judged often enough."""
        if self._light is None or at - self._light[1] > LIGHT_EVERY_S:
            seen = read_light(tracked.mesh.crop, tracked.mesh.crop_points)
            self._light = replace(seen, flicker=self._bands.room), at
        return self._light[0]

    def _gather(self, rgb: Pixels, points: geometry.Points, view: View, light: LightReading) -> None:
        """Take evidence from a good frame: liveness always, identity where the frame improves the template."""
        self._good += 1
        # Once the face counts as live, more looks change nothing; in doubt, every third frame is looked at.
        looked = self._passive.frames < LEAST_FRAMES or (not self._live and self._good % 3 == 0)
        if looked:
            self._passive.add(self._engine.passive.look(rgb, points))
        weight = quality(view, light)
        if self._template.wants(weight):
            embedding = self._engine.embed(rgb, points)
            self._added = self._template.add(embedding, weight)
            if not self._added:
                self._swapped()
        elif looked and self._engine.rng.random() < SPOT_CHECKS and not self._is_same(rgb, points):
            self._swapped()  # somebody's own face was to be looked at in place of what they hold up

    def _answer(self, rgb: Pixels, points: geometry.Points, view: View, at: float) -> None:
        assert self._challenge is not None
        answer = self._challenge.add(points, view.pose, at)
        if self._challenge.counts and len(self._template) and not self._is_same(rgb, points):
            self._swapped()  # a photograph was put away for the turn, and somebody's own head did it
        elif answer is not None:
            self._answers.append(answer)
            self._challenge = None
            self._rest = Rest()

    def _swapped(self) -> None:
        """Another person took the place of the first without leaving the track: nothing gathered holds any more."""
        was_trusted = self._live or bool(self._answers) or self._challenge is not None
        self._start_over(self._track)
        if was_trusted:
            self._decision = Decision(matched=False, live=False, failure=Failure.FACE_NOT_LIVE)

    def _start_over(self, track: int) -> None:
        self._track = track
        self._passive = PassiveEvidence()
        self._blink = BlinkCue()
        self._depth.close()
        self._depth = DepthCue()
        self._border = BorderCue()
        self._bands.close()
        self._bands = BandMeter()
        self._template.wipe()
        self._witnesses.wipe()
        self._rest = Rest()
        if self._challenge is not None:
            self._answers.append(Answer(self._challenge.kind, passed=False))
            self._challenge.close()
            self._challenge = None
        # Who leaves and comes back, or sends somebody else, cannot take back a movement that was not made.
        self._answers = [answer for answer in self._answers if not turned(answer)]
        self._live = False
        self._decision = None
        self._good = 0
        self._light = None
        self._centre = None

    # -- the decision ---------------------------------------------------------------------------------------------

    def _judge(
        self, rgb: Pixels, points: geometry.Points, view: View, why: Guidance | None, at: float, *, can_move: bool
    ) -> None:
        found = verdict(self.cues, self._engine.weights, self._engine.settings.always_challenge)
        self._live = found is Verdict.LIVE
        if found is Verdict.FAKE:
            self._decision = Decision(matched=False, live=False, failure=Failure.FACE_NOT_LIVE)
        elif found is Verdict.CHALLENGE and self._challenge is None and why is None and can_move:
            kind = challenges.draw(self._engine.rng)
            self._challenge = Challenge(kind, at, points, view.pose)
        elif found is Verdict.LIVE and self._reference is not None and len(self._template) >= SIZE and why is None:
            self._compare_if_same(rgb, points)

    def _compare_if_same(self, rgb: Pixels, points: geometry.Points) -> None:
        """Compare, provided that this very frame still shows whom the template was made of.

        A complete template takes only clearly better frames, and the card may be read long after: somebody else could
        stand there.
        """
        if self._added:
            self._compare()
            return
        if self._is_same(rgb, points):
            self._compare()
        else:
            self._swapped()

    def _is_same(self, rgb: Pixels, points: geometry.Points) -> bool:
        embedding = self._engine.embed(rgb, points)
        same = self._template.is_of(embedding)
        overwrite(embedding)
        return same

    def _compare(self) -> None:
        assert self._reference is not None
        stored = self._engine.vault.get(self._reference)
        assert isinstance(stored, np.ndarray)
        mean = self._template.mean()
        score = float(np.dot(mean, stored))
        overwrite(mean)
        if score >= self._engine.threshold:
            self._decision = Decision(matched=True, live=True, failure=None)
            self._sure_at = self._last_at
            return
        self._looks += 1
        if self._looks >= LOOKS:
            self._decision = Decision(matched=False, live=True, failure=Failure.FACE_NOT_MATCHED)
        else:
            self._template.restart()  # a second, independent look; a third would add more false matches than true

    def _make_sure(
        self, rgb: Pixels, points: geometry.Points, why: Guidance | None, at: float, *, repeated: bool
    ) -> None:
        """The card is still being checked: whoever was matched must be there, or the match is void."""
        if why is None and not repeated and at - self._sure_at >= SURE_EVERY_S:
            if not self._is_same(rgb, points):
                self._swapped()
                return
            self._sure_at = at
        self._let_go_unless_sure(at)

    def _let_go_unless_sure(self, at: float) -> None:
        """Take a match back when nobody can say any more whom it was made of; who comes back is looked at afresh."""
        if self._decision is not None and at - self._sure_at > SURE_FOR_S:
            self._start_over(self._track)

    def _progress(self) -> float:
        if self._decision is not None:
            return 1.0 if self._decision.failure is None else self._progress_parts()
        return min(self._progress_parts(), 0.99)

    def _progress_parts(self) -> float:
        passive = min(self._passive.frames / LEAST_FRAMES, 1.0)
        template = min(len(self._template) / SIZE, 1.0)
        live = 1.0 if self._live else 0.0
        return 0.4 * passive + 0.4 * template + 0.2 * live
