"""Records the spoken lines with an offline voice: ``python -m reader.text.voice_build [--check]``.

Needs the dependency group ``voice`` (pyopenjtalk-plus with the "mei" voice, CC BY 3.0; soundfile). The recordings are
committed, so neither a device nor CI needs any of it; ``--check`` only compares them with the catalogue.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reader.text.catalogue import Catalogue
from reader.text.voice import MAX_MORAE, MAX_SECONDS, lines, morae, voice_folder

RATE: Final = 24_000
PEAK: Final = 0.7
QUIET: Final = 0.01
PAUSE_S: Final = 0.06


def manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the table of what was recorded: file name to text, kana, seconds and sha256."""
    path = folder / "manifest.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def problems(catalogue: Catalogue, folder: Path) -> list[str]:
    """Return what is out of date, too long or missing; empty when all is well."""
    table = manifest(folder)
    found: list[str] = []
    wanted = {f"{language}/{text_id}.ogg": text for (language, text_id), text in lines(catalogue).items()}
    for name, text in wanted.items():
        row = table.get(name)
        if row is None or row["text"] != text:
            found.append(f"{name} does not say {text!r}: run python -m reader.text.voice_build")
            continue
        if not (folder / name).is_file():
            found.append(f"{name} is missing")
        elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != row["sha256"]:
            found.append(f"{name} is not the recording in the manifest")
        if morae(row["kana"]) > MAX_MORAE:
            found.append(f"{name} has {morae(row['kana'])} morae, more than {MAX_MORAE}")
        if row["seconds"] > MAX_SECONDS:
            found.append(f"{name} takes {row['seconds']} s, more than {MAX_SECONDS}")
    found += [f"{name} is no longer spoken: delete it" for name in table if name not in wanted]
    return found


def build(catalogue: Catalogue, folder: Path) -> None:
    """Record what is new or changed; forget what is no longer spoken."""
    import pyopenjtalk  # type: ignore[import-not-found, unused-ignore]
    import soundfile  # type: ignore[import-not-found, unused-ignore]

    old = manifest(folder)
    table: dict[str, dict[str, Any]] = {}
    for (language, text_id), text in sorted(lines(catalogue).items()):
        name = f"{language}/{text_id}.ogg"
        path = folder / name
        if name in old and old[name]["text"] == text and path.is_file():
            table[name] = old[name]
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        samples, rate = pyopenjtalk.tts(text)
        tidy = _tidy(np.asarray(samples, np.float64) / 32768.0, rate)
        soundfile.write(path, tidy, RATE, format="OGG", subtype="VORBIS", compression_level=0.9)
        table[name] = {
            "text": text,
            "kana": pyopenjtalk.g2p(text, kana=True),
            "seconds": round(len(tidy) / RATE, 2),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        print(f"{name} {table[name]['seconds']} s")  # noqa: T201
    for name in old:
        if name not in table:
            (folder / name).unlink(missing_ok=True)
    text = json.dumps(table, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def _tidy(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Halve the rate (with a mean, a plain low-pass), cut silence at both ends, even the loudness."""
    step = rate // RATE
    samples = samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1)
    loud = np.flatnonzero(np.abs(samples) > QUIET * np.abs(samples).max())
    samples = samples[loud[0] : loud[-1] + 1]
    pause = np.zeros(round(PAUSE_S * RATE))
    result: NDArray[np.float64] = np.concatenate((pause, samples * (PEAK / np.abs(samples).max()), pause))
    return result


def main() -> int:
    """Record, or check what is committed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare the recordings with the catalogue")
    arguments = parser.parse_args()
    catalogue, folder = Catalogue.load(), voice_folder()
    if not arguments.check:
        build(catalogue, folder)
    wrong = problems(catalogue, folder)
    for line in wrong:
        print(line, file=sys.stderr)  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
