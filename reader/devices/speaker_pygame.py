"""Voice and earcons by pygame.mixer. Recordings are files ``LANGUAGE/TEXT_ID.(ogg|wav|mp3)`` in a folder.

A worker thread loads and plays, so that a slow SD card never holds up the kiosk; what comes later than 300 ms is
dropped, because a sound that no longer fits the screen confuses.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import pygame
from pydantic import Field

from reader.devices.earcons import samples
from reader.devices.ports import DeviceGone
from reader.devices.settings import Settings, read_settings
from reader.session.vocabulary import Earcon

log = logging.getLogger(__name__)

STALE_S = 0.3
_RATE = 48_000
_SUFFIXES = (".ogg", ".wav", ".mp3")
_VOICE, _EARCON = 0, 1


class SpeakerSettings(Settings):
    """Settings of ``speaker.pygame``; volume, quiet hours and folder come from [sound]."""

    volume: float = Field(default=0.7, ge=0.0, le=1.0)
    quiet_volume: float = Field(default=0.25, ge=0.0, le=1.0)
    quiet_from: time_of_day | None = None
    quiet_to: time_of_day | None = None
    voice_dir: Path | None = None
    device: str = Field(default="", description="SDL's name of the sound card; empty takes the first.")


@dataclass(frozen=True, slots=True)
class _Request:
    at: float
    text_id: str = ""
    language: str = ""
    earcon: Earcon | None = None
    stop: bool = False


def _local_time() -> time_of_day:
    return datetime.now().astimezone().time()


class PygameSpeaker:
    """``Speaker`` on pygame.mixer."""

    def __init__(
        self,
        settings: SpeakerSettings,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], time_of_day] = _local_time,
        threaded: bool = True,
    ) -> None:
        """Open the sound card. Raises DeviceGone. ``threaded`` False: the owner calls ``pump``."""
        self._settings = settings
        self._clock = clock
        self._wall = wall
        self._threaded = threaded
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        try:
            pygame.mixer.init(_RATE, -16, 1, 512, devicename=settings.device or None, allowedchanges=0)
        except pygame.error as error:
            raise DeviceGone(f"no sound ({error}); plug in the loudspeaker, or set it to disabled") from error
        pygame.mixer.set_num_channels(2)
        self._voice = pygame.mixer.Channel(_VOICE)
        self._beep = pygame.mixer.Channel(_EARCON)
        self._earcons = {earcon: pygame.mixer.Sound(buffer=samples(earcon, _RATE).tobytes()) for earcon in Earcon}
        self._thread: threading.Thread | None = None
        if threaded:
            self._listen()

    def say(self, text_id: str, language: str) -> None:
        """Start speaking, interrupting what is being said. Silent where no recording exists."""
        self._ask(_Request(self._clock(), text_id=text_id, language=language))

    def sound(self, earcon: Earcon) -> None:
        """Play an earcon, beside the voice."""
        self._ask(_Request(self._clock(), earcon=earcon))

    def stop(self) -> None:
        """Be quiet now, and forget what was still to be said."""
        self._requests.put(_Request(self._clock(), stop=True))
        self._voice.stop()
        self._beep.stop()

    def pump(self) -> int:
        """Play what is waiting; returns how many sounds began. Only the newest sentence is spoken."""
        waiting: list[_Request] = []
        while True:
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                return self._play(waiting)
            if request is not None:
                waiting.append(request)

    def close(self) -> None:
        """End the worker and give the sound card back."""
        if self._thread is not None:
            self._requests.put(None)
            self._thread.join(2.0)
            self._thread = None
        pygame.mixer.quit()

    def recording(self, text_id: str, language: str) -> Path | None:
        """Return the file that speaks a text, or None. Ids and languages that are no plain names have none."""
        folder = self._settings.voice_dir
        if folder is None or not all(part and "/" not in part and part[0] != "." for part in (text_id, language)):
            return None
        files = (folder / language / (text_id + suffix) for suffix in _SUFFIXES)
        return next((file for file in files if file.is_file()), None)

    def _ask(self, request: _Request) -> None:
        self._requests.put(request)
        if self._thread is not None and not self._thread.is_alive():
            log.error("the thread that plays sounds had died: started again")
            self._listen()

    def _listen(self) -> None:
        self._thread = threading.Thread(target=self._work, name="speaker", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while True:
            request = self._requests.get()
            if request is None:
                return
            waiting = [request]
            while True:
                try:
                    following = self._requests.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    return
                waiting.append(following)
            self._play(waiting)

    def _play(self, waiting: list[_Request]) -> int:
        stops = [index for index, request in enumerate(waiting) if request.stop]
        fresh = [
            request for request in waiting[stops[-1] + 1 if stops else 0 :] if self._clock() - request.at <= STALE_S
        ]
        if stops:
            self._voice.stop()
            self._beep.stop()
        begun = 0
        volume = self._volume()
        earcons = [request.earcon for request in fresh if request.earcon is not None]
        if earcons:
            self._beep.set_volume(volume)
            self._beep.play(self._earcons[earcons[-1]])
            begun += 1
        sentences = [request for request in fresh if request.text_id]
        if sentences:
            self._voice.stop()
            file = self.recording(sentences[-1].text_id, sentences[-1].language)
            sound = None if file is None else _load(file)
            if sound is not None and self._clock() - sentences[-1].at <= STALE_S:
                self._voice.set_volume(volume)
                self._voice.play(sound)
                begun += 1
        return begun

    def _volume(self) -> float:
        start, end = self._settings.quiet_from, self._settings.quiet_to
        if start is None or end is None:
            return self._settings.volume
        now = self._wall()
        quiet = start <= now < end if start <= end else now >= start or now < end
        return min(self._settings.quiet_volume, self._settings.volume) if quiet else self._settings.volume


def _load(file: Path) -> pygame.mixer.Sound | None:
    """Return the recording, or None when the file is damaged: voice is a help, never a reason to stop."""
    try:
        return pygame.mixer.Sound(str(file))
    except (pygame.error, OSError):
        return None


def open_speaker(settings: Mapping[str, Any]) -> PygameSpeaker:
    """Return the speaker, ready. Raises DeviceError on bad settings, DeviceGone without a sound card."""
    return PygameSpeaker(read_settings(SpeakerSettings, settings))
