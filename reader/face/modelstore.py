"""Loads finished ONNX files, and refuses every file whose SHA-256 is not in the manifest."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import onnxruntime

from reader.face import manifest as manifests


class ModelRefused(RuntimeError):
    """A model is missing, altered or unknown; the message names the file and the remedy."""


class ModelStore:
    """Opens inference sessions from one folder of ONNX files. Sessions are kept and may be shared between threads."""

    def __init__(self, folder: Path, manifest: manifests.Manifest | None = None, threads: int = 1) -> None:
        self.folder = folder
        self.manifest = manifest or manifests.load()
        self._threads = threads
        self._lock = threading.Lock()
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}

    def session(self, name: str) -> onnxruntime.InferenceSession:
        """Return the session of model ``name`` (its manifest key). Raises ModelRefused."""
        with self._lock:
            if name not in self._sessions:
                self._sessions[name] = self._open(name)
            return self._sessions[name]

    def check(self) -> list[str]:
        """Return one sentence per model of the manifest that is missing or altered; empty when all is well."""
        problems = []
        for name in self.manifest.models:
            try:
                self._bytes(name)
            except ModelRefused as error:
                problems.append(str(error))
        return problems

    def _bytes(self, name: str) -> bytes:
        entry = self.manifest.models.get(name)
        if entry is None:
            raise ModelRefused(f"no model {name!r} in {self.manifest.path}; known: {', '.join(self.manifest.models)}")
        path = self.folder / entry.file
        try:
            data = path.read_bytes()
        except OSError as error:
            reason = error.strerror or "cannot be read"
            raise ModelRefused(f"model file {path}: {reason}; run `make models`") from None
        found = hashlib.sha256(data).hexdigest()
        if found != entry.sha256:
            raise ModelRefused(
                f"model file {path} has sha256 {found[:12]}…, the manifest says {entry.sha256[:12]}…; "
                "delete it and run `make models`"
            )
        return data

    def _open(self, name: str) -> onnxruntime.InferenceSession:
        # The bytes that were hashed are the bytes that are loaded: reading twice would leave a gap between the two.
        data = self._bytes(name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
