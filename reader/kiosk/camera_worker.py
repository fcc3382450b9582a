"""Owns the camera: streams while a patient is there, newest frame wins, reopens what hangs, reports what is gone."""

from __future__ import annotations

from reader.devices.ports import Camera, DeviceError, DeviceTimeout, Frame, LightRequest
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Mailbox, Report, Worker
from reader.session.events import PartChanged
from reader.session.failures import Failure
from reader.session.vocabulary import Part

HANG_S = 3.0  # no frame for this long: reopen (picamera2 captures are known to hang for ever)
STILL_S = 1.0  # the very same picture for this long: reopen (noise never repeats, a stuck driver's buffer does)
_EVERY = 16  # rows and columns looked at to tell two pictures apart
REOPENS = 2
BACK_OFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)

CameraOrder = bool | LightRequest


class CameraWorker(Worker[CameraOrder]):
    """Orders: True = look, False = rest, LightRequest = expose like this."""

    name = "camera"
    patience_s = 8.0

    def __init__(
        self, report: Report, camera: Camera, boxes: tuple[Mailbox[Frame], ...], trace: Trace, *, timeout_s: float = 0.5
    ) -> None:
        super().__init__(report)
        self._camera = camera
        self._boxes = boxes
        self._trace = trace
        self._timeout_s = timeout_s
        self._wanted = False
        self._running = False
        self._present: bool | None = None
        self._last_frame = 0.0
        self._failures = 0
        self._retry_at = 0.0
        self._light: LightRequest | None = None
        self._still: tuple[bytes, float] = (b"", 0.0)

    def _take(self, order: CameraOrder, now: float) -> None:
        if isinstance(order, LightRequest):
            self._light = order
        else:
            self._wanted = order

    def _work(self, now: float) -> float:
        if self._present is None:
            return self._probe(now)
        if not self._wanted and self._present:
            self._rest()
            return 1.0
        if now < self._retry_at:
            return self._retry_at - now
        return self._look(now)

    def _probe(self, now: float) -> float:
        """At power-on, find out whether there is a camera at all."""
        try:
            self._camera.start()
            self._camera.capture(HANG_S)
        except DeviceError:
            self._lost(now)
        else:
            self._found(now)
        self._stop()
        return 0.0

    def _look(self, now: float) -> float:
        try:
            if not self._running:
                self._camera.start()
                self._running = True
                self._last_frame = now
            if self._light is not None:
                self._camera.adjust(self._light)
                self._light = None
            frame = self._camera.capture(self._timeout_s)
        except DeviceTimeout:
            if now - self._last_frame >= HANG_S:
                self._reopen(now)
            return 0.0
        except DeviceError:
            self._reopen(now)
            return 0.0
        if self._stands_still(frame):
            self._reopen(now)
            return 0.0
        self._last_frame = now
        self._failures = 0
        self._found(now)
        if not self._wanted:  # this was only a look whether the camera is back
            self._rest()
            return 1.0
        self._trace.add("camera", "frame", frame.at, now)
        for box in self._boxes:
            box.put(frame)
        return 0.0

    def _stands_still(self, frame: Frame) -> bool:
        """Whether the camera shows one picture over and over. A black or white one says that it is dark or bright."""
        picture = frame.pixels[::_EVERY, ::_EVERY].tobytes()
        known, since = self._still
        if picture != known or picture.count(picture[:1]) == len(picture):
            self._still = (picture, frame.at)
            return False
        return frame.at - since > STILL_S

    def _reopen(self, now: float) -> None:
        self._stop()
        for box in self._boxes:
            box.put(None)
        self._failures += 1
        self._retry_at = now + BACK_OFF_S[min(self._failures - 1, len(BACK_OFF_S) - 1)]
        if self._failures > REOPENS:
            self._lost(now)

    def _lost(self, now: float) -> None:
        if self._present is not False:
            self._present = False
            self._report(PartChanged(now, Part.CAMERA, Failure.CAMERA_MISSING))
        for box in self._boxes:
            box.put(None)  # never a frozen face on the screen
        self._retry_at = max(self._retry_at, now + BACK_OFF_S[-1])

    def _found(self, now: float) -> None:
        if self._present is not True:
            self._present = True
            self._report(PartChanged(now, Part.CAMERA, None))

    def _rest(self) -> None:
        if self._running:
            self._stop()
        for box in self._boxes:
            box.put(None)

    def _stop(self) -> None:
        self._running = False
        try:
            self._camera.stop()
        except DeviceError:
            return  # it is gone already

    def close(self) -> None:
        """Stop the camera."""
        self._rest()
        self._stop()
