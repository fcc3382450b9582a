"""The recordings: one for every line the kiosk speaks, short enough to be understood, and really audible."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.text import Catalogue
from reader.text.voice import MAX_MORAE, MAX_SECONDS, lines, morae, recorded_language, spoken_ids, voice_folder
from reader.text.voice_build import manifest, problems

CATALOGUE = Catalogue.load()


def test_the_recordings_say_what_the_catalogue_says_today() -> None:
    assert problems(CATALOGUE, voice_folder()) == []


def test_every_line_is_short() -> None:
    for name, row in manifest(voice_folder()).items():
        assert morae(row["kana"]) <= MAX_MORAE, name
        assert row["seconds"] <= MAX_SECONDS, name


def test_speech_is_slow_enough_to_follow() -> None:
    """JIS S 0015: 5.5 to 8 morae a second are easiest, more than 8.5 are hard."""
    fast = [
        name
        for name, row in manifest(voice_folder()).items()
        if row["seconds"] > 1.5 and morae(row["kana"]) / row["seconds"] > 8.5
    ]
    assert not fast


def test_a_changed_sentence_is_found_out(tmp_path: Path) -> None:
    assert len(problems(CATALOGUE, tmp_path)) == len(lines(CATALOGUE))


@pytest.mark.parametrize(
    ("kana", "count"),
    [("カード", 3), ("ショーバンゴー", 6), ("キップ", 3), ("マイナンバーカード", 9), ("、。", 0), ("", 0)],
)
def test_morae_are_counted_as_they_are_spoken(kana: str, count: int) -> None:
    assert morae(kana) == count


@given(st.text("アカサタナーッンャュョ、。 ", max_size=40), st.text("アカサタナーッンャュョ、。 ", max_size=40))
def test_morae_add_up(one: str, other: str) -> None:
    assert morae(one + other) == morae(one) + morae(other)


def test_easy_japanese_is_spoken_where_it_was_recorded() -> None:
    assert recorded_language("pin_entry", "ja", easy=True) == "ja-easy"
    assert recorded_language("pin_entry", "ja") == "ja"
    assert recorded_language("pin_entry", "en", easy=True) == "en"
    assert recorded_language("no_such_line", "ja", easy=True) == "ja"


def test_no_digit_key_has_a_voice_of_its_own() -> None:
    """What is typed is never spoken: all ten keys say the same word."""
    assert [text_id for text_id in spoken_ids() if text_id.startswith("pad.")] == ["pad.backspace", "pad.digit"]


def test_every_recording_leaves_the_mixer(tmp_path: Path) -> None:
    """SDL's disk driver writes what a loudspeaker would have been given, as fast as it can: minutes in seconds."""
    pcm = tmp_path / "out.raw"
    names = sorted(manifest(voice_folder()))
    program = (
        "import sys, time\n"
        "import pygame\n"
        "from reader.devices.speaker_pygame import PygameSpeaker, SpeakerSettings\n"
        "from reader.text.voice import voice_folder\n"
        "speaker = PygameSpeaker(SpeakerSettings(volume=1.0, voice_dir=voice_folder()), lambda: 0.0, threaded=False)\n"
        "for name in sys.argv[1:]:\n"
        "    language, file = name.split('/')\n"
        "    speaker.say(file.removesuffix('.ogg'), language)\n"
        "    assert speaker.pump() == 1, name\n"
        "    while pygame.mixer.get_busy(): time.sleep(0.0005)\n"
        "speaker.close()\n"
    )
    environ = {
        **os.environ,
        "SDL_AUDIODRIVER": "disk",
        "SDL_DISKAUDIOFILE": str(pcm),
        "SDL_DISKAUDIODELAY": "0",
    }
    subprocess.run(
        [sys.executable, "-c", program, *names], env=environ, check=True, timeout=240, stdout=subprocess.DEVNULL
    )
    heard = np.abs(np.fromfile(pcm, np.int16))
    spoken = sum(row["seconds"] for row in manifest(voice_folder()).values())
    loud = heard[: len(heard) // 480 * 480].reshape(-1, 480).max(axis=1) > 500  # hundredths of a second
    assert np.count_nonzero(loud) / 100 > 0.6 * spoken, "the rest are the pauses within speech"


def test_a_recording_sounds_as_long_as_it_is(tmp_path: Path) -> None:
    pcm = tmp_path / "out.raw"
    program = (
        "import pygame\n"
        "from reader.devices.speaker_pygame import PygameSpeaker, SpeakerSettings\n"
        "from reader.text.voice import voice_folder\n"
        "speaker = PygameSpeaker(SpeakerSettings(volume=1.0, voice_dir=voice_folder()), lambda: 0.0, threaded=False)\n"
        "speaker.say('face', 'ja')\n"
        "assert speaker.pump() == 1\n"
        "while pygame.mixer.get_busy(): pygame.time.wait(5)\n"
        "speaker.close()\n"
    )
    environ = {**os.environ, "SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(pcm)}
    subprocess.run([sys.executable, "-c", program], env=environ, check=True, timeout=60, stdout=subprocess.DEVNULL)
    heard = np.fromfile(pcm, np.int16)
    seconds = manifest(voice_folder())["ja/face.ogg"]["seconds"]
    assert np.count_nonzero(np.abs(heard) > 1000) > 0.2 * seconds * 48_000
