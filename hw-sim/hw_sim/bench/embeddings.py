"""Embeddings of the research sets, kept under .cache so that only the first bench takes minutes.

Kept are only embeddings of public research pictures, never of a patient: ``kaopi eval`` keeps nothing. They are found
again by the picture's own hash, beneath a hash of the nets and of all code from the file to the embedding, so that
nothing is ever measured with a state of the software that is gone.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from hw_sim.bench.rows import new_engine
from hw_sim.made_by import version_of
from reader.face import detector, embedder, geometry, image, landmarks, manifest
from reader.face.embedder import Embedding
from reader.face.engine import FaceEngine
from reader.face.evaluation import cardphoto, datasets, pipeline
from reader.face.evaluation.datasets import Picture
from reader.face.evaluation.pipeline import Described, Side, describe

HOME = Path(__file__).resolve().parents[3] / ".cache" / "face-embeddings"
CHUNK = 120  # pictures between two savings: some seconds of work
KEPT_VERSIONS = 3
_NETS = ("face_detector", "face_landmarks", "face_embedder", "face_embedder_2")
_CODE = (
    *(detector, embedder, geometry, image, landmarks, cardphoto, datasets, pipeline),
    *(FaceEngine.refined, FaceEngine.embed, FaceEngine.embed_photo),
)


def version() -> str:
    """Return a short hash of everything that decides what an embedding is."""
    return version_of(manifest.load(), _NETS, _CODE)[:16]


def described(pictures: Sequence[Picture], side: Side) -> Described:
    """Return what ``reader.face.evaluation.pipeline.describe`` returns, computing only what is not kept."""
    home = HOME / version()
    home.mkdir(parents=True, exist_ok=True)
    for stale in sorted(HOME.iterdir(), key=lambda one: one.stat().st_mtime)[:-KEPT_VERSIONS]:
        shutil.rmtree(stale)
    kept = _Kept(home / side)
    digests = {one.path: hashlib.sha256(one.path.read_bytes()).hexdigest() for one in pictures}
    missing = [one for one in pictures if digests[one.path] not in kept.rows]
    chunks = [missing[at : at + CHUNK] for at in range(0, len(missing), CHUNK)]
    for done, (chunk, rows) in enumerate(_computed(chunks, side), start=1):
        kept.add({digests[one.path]: row for one, row in zip(chunk, rows, strict=True)})
        sys.stderr.write(f"  {side} embeddings: {min(done * CHUNK, len(missing))} of {len(missing)}\n")
    found = [(one, kept.rows[digests[one.path]]) for one in pictures]
    there = [(one, row) for one, row in found if row.any()]
    matrix = np.stack([row for _, row in there]) if there else np.zeros((0, 1), np.float32)
    return Described(tuple(one for one, _ in there), matrix, len(found) - len(there))


class _Kept:
    """Rows by hash of picture; a picture without a face has a row of zeros. Each chunk is a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.rows: dict[str, Embedding] = {}
        for path in sorted(folder.glob("*.npz")) if folder.is_dir() else ():
            with np.load(path) as chunk:
                self.rows.update(zip(chunk["digests"].tolist(), chunk["rows"], strict=True))

    def add(self, rows: dict[str, Embedding]) -> None:
        """Keep a chunk: wholly or not at all."""
        self.rows.update(rows)
        self._folder.mkdir(exist_ok=True)
        name = hashlib.sha256("".join(sorted(rows)).encode()).hexdigest()[:16]
        part = self._folder / f".{name}.part"
        with part.open("wb") as stream:
            np.savez(stream, digests=np.array(list(rows)), rows=np.stack(list(rows.values())))
        part.replace(self._folder / f"{name}.npz")


def _computed(chunks: Sequence[Sequence[Picture]], side: Side) -> Iterator[tuple[Sequence[Picture], list[Embedding]]]:
    """Embed chunk by chunk, on every processor this process may use."""
    jobs = min(len(os.sched_getaffinity(0)), len(chunks))
    if jobs < 2:
        for chunk in chunks:
            yield chunk, _rows(chunk, side)
        return
    # Fresh processes: a fork would take over the threads of nets that are open here only in part.
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), cv2.setNumThreads, (1,)) as pool:
        yield from zip(chunks, pool.map(_rows, chunks, [side] * len(chunks)), strict=True)


def _rows(chunk: Sequence[Picture], side: Side) -> list[Embedding]:
    found = describe(_engine(), chunk, side)
    by_path = {one.path: row for one, row in zip(found.pictures, found.embeddings, strict=True)}
    nobody = np.zeros(found.embeddings.shape[1], np.float32)
    return [by_path.get(one.path, nobody) for one in chunk]


@cache
def _engine() -> FaceEngine:
    return new_engine()
