"""The Speaker port: real pygame.mixer on SDL's dummy and disk drivers, and the disabled adapter."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import numpy as np
import pygame
import pytest

from reader.devices.disabled import DisabledSpeaker
from reader.devices.earcons import TONES, samples
from reader.devices.ports import Speaker
from reader.devices.speaker_pygame import STALE_S, PygameSpeaker, SpeakerSettings
from reader.session.vocabulary import Earcon


class Clock:
    """A clock the test sets."""

    now = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """A folder with one spoken text in Japanese."""
    folder = tmp_path / "voice"
    (folder / "ja").mkdir(parents=True)
    with wave.open(str(folder / "ja" / "idle.say.wav"), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(np.full(48000, 8000, np.int16).tobytes())
    return folder


@pytest.fixture
def speaker(voices: Path, clock: Clock) -> Iterator[PygameSpeaker]:
    made = PygameSpeaker(SpeakerSettings(voice_dir=voices), clock, wall=lambda: time(12), threaded=False)
    yield made
    made.close()


@pytest.fixture(params=["pygame", "disabled"])
def any_speaker(request: pytest.FixtureRequest, voices: Path) -> Iterator[Speaker]:
    if request.param == "disabled":
        yield DisabledSpeaker()
        return
    made = PygameSpeaker(SpeakerSettings(voice_dir=voices))
    yield made
    made.close()


def test_what_is_not_recorded_is_silent_and_no_error(any_speaker: Speaker) -> None:
    any_speaker.say("no.such.text", "xx")
    any_speaker.say("../../etc/passwd", "ja")
    any_speaker.stop()


@pytest.mark.parametrize("earcon", Earcon)
def test_every_earcon_plays(any_speaker: Speaker, earcon: Earcon) -> None:
    any_speaker.sound(earcon)
    any_speaker.stop()


def test_a_recorded_text_is_spoken(speaker: PygameSpeaker) -> None:
    speaker.say("idle.say", "ja")
    assert speaker.pump() == 1
    assert pygame.mixer.Channel(0).get_busy()


def test_only_the_newest_sentence_is_spoken_and_earcons_go_beside_it(speaker: PygameSpeaker) -> None:
    speaker.say("idle.say", "ja")
    speaker.sound(Earcon.ACCEPT)
    speaker.say("idle.say", "ja")
    assert speaker.pump() == 2


def test_a_sound_that_comes_too_late_is_dropped(speaker: PygameSpeaker, clock: Clock) -> None:
    speaker.say("idle.say", "ja")
    speaker.sound(Earcon.ACCEPT)
    clock.now += STALE_S + 0.01
    assert speaker.pump() == 0


def test_stop_silences_what_plays_and_what_waits(speaker: PygameSpeaker) -> None:
    speaker.say("idle.say", "ja")
    speaker.pump()
    speaker.say("idle.say", "ja")
    speaker.stop()
    assert speaker.pump() == 0
    assert not pygame.mixer.get_busy()


def test_a_new_sentence_interrupts_even_when_it_is_not_recorded(speaker: PygameSpeaker) -> None:
    speaker.say("idle.say", "ja")
    speaker.pump()
    speaker.say("unknown", "ja")
    speaker.pump()
    assert not pygame.mixer.Channel(0).get_busy()


def test_a_damaged_recording_is_silent(speaker: PygameSpeaker, voices: Path) -> None:
    (voices / "ja" / "broken.ogg").write_bytes(b"OggS but not really")
    speaker.say("broken", "ja")
    assert speaker.pump() == 0


@pytest.mark.parametrize("text_id", ["../secret", "/etc/passwd", ".hidden", ""])
def test_no_text_id_reaches_out_of_the_folder(speaker: PygameSpeaker, voices: Path, text_id: str) -> None:
    (voices / "secret.wav").write_bytes(b"")
    assert speaker.recording(text_id, "ja") is None
    assert speaker.recording("secret", "..") is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_started_again_by_the_next_sentence(
    voices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = PygameSpeaker(SpeakerSettings(voice_dir=voices))
    try:
        with monkeypatch.context() as broken:
            broken.setattr(PygameSpeaker, "_play", lambda self, waiting: sys.exit("killed by the test"))
            first = speaker._thread
            assert first is not None
            speaker.sound(Earcon.ACCEPT)
            first.join(5)
            assert not first.is_alive()
        played = threading.Event()
        monkeypatch.setattr(PygameSpeaker, "_play", lambda self, waiting: played.set())
        speaker.sound(Earcon.ACCEPT)
        assert played.wait(5)
    finally:
        speaker.close()


@pytest.mark.parametrize(("hour", "volume"), [(17, 0.7), (18, 0.25), (23, 0.25), (3, 0.25), (7, 0.7)])
def test_quiet_hours_pass_midnight(voices: Path, clock: Clock, hour: int, volume: float) -> None:
    quiet = SpeakerSettings(voice_dir=voices, quiet_from=time(18), quiet_to=time(7))
    speaker = PygameSpeaker(quiet, clock, wall=lambda: time(hour), threaded=False)
    try:
        speaker.say("idle.say", "ja")
        speaker.pump()
        assert pygame.mixer.Channel(0).get_volume() == pytest.approx(volume, abs=0.01)
    finally:
        speaker.close()


@pytest.mark.parametrize("earcon", Earcon)
def test_earcons_stay_below_2500_hz_and_do_not_clip(earcon: Earcon) -> None:
    """JIS S 0014: fundamental at most 2500 Hz."""
    rate = 48_000
    wave_form = samples(earcon, rate).astype(float)
    spectrum = np.abs(np.fft.rfft(wave_form))
    loudest_hz = np.fft.rfftfreq(len(wave_form), 1 / rate)[spectrum.argmax()]
    assert 300 < loudest_hz <= 2500
    assert np.abs(wave_form).max() < 32767 / 1.9
    assert abs(wave_form[0]) < 200 > abs(wave_form[-1])


def test_earcons_follow_their_classes() -> None:
    """JIS S 0013: one short accepts, two ask for attention, a long one is a fault."""
    beeps = {earcon: [seconds for hertz, seconds in tones if hertz] for earcon, tones in TONES.items()}
    assert len(beeps[Earcon.ACCEPT]) == len(beeps[Earcon.FAULT]) == 1
    assert len(beeps[Earcon.ATTENTION]) == 2
    assert beeps[Earcon.FAULT][0] >= 3 * beeps[Earcon.ACCEPT][0]


def test_sound_really_leaves_the_mixer(tmp_path: Path) -> None:
    """SDL's disk driver writes what a loudspeaker would have been given."""
    pcm = tmp_path / "out.raw"
    program = (
        "import pygame\n"
        "from reader.devices.speaker_pygame import PygameSpeaker, SpeakerSettings\n"
        "from reader.session.vocabulary import Earcon\n"
        "speaker = PygameSpeaker(SpeakerSettings(volume=1.0), threaded=False)\n"
        "speaker.sound(Earcon.FAULT)\n"
        "assert speaker.pump() == 1\n"
        "while pygame.mixer.get_busy(): pygame.time.wait(5)\n"
        "speaker.close()\n"
    )
    environ = {**os.environ, "SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(pcm)}
    subprocess.run([sys.executable, "-c", program], env=environ, check=True, timeout=60, stdout=subprocess.DEVNULL)
    heard = np.fromfile(pcm, np.int16)
    assert np.count_nonzero(np.abs(heard) > 1000) > 0.2 * 48_000
