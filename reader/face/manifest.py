"""The list of models: what each is, where it comes from, what it must hash to, and the thresholds that go with it.

The list belongs to the software, not to the folder of weights: whoever can replace the weights must not be able to
replace their hashes as well. A checkout reads ``models/manifest.toml``; a wheel carries the same file as package data.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

T = TypeVar("T")


class ManifestError(RuntimeError):
    """The manifest is missing or malformed."""


@dataclass(frozen=True, slots=True)
class Package:
    """One registry package. ``registry`` is "PyPI" or "npm"; ``file`` is the name the registry serves it under."""

    key: str
    registry: str
    name: str
    version: str
    file: str
    sha256: str
    bytes: int
    licence: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One ONNX file: ``member`` of ``package`` through ``converter`` gives ``file`` with ``sha256``."""

    name: str
    what: str
    package: Package
    member: str
    source_sha256: str
    converter: str
    sha256: str
    bytes: int
    licence: str
    input: str

    @property
    def file(self) -> str:
        """Name of the finished file."""
        return f"{self.name}.onnx"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number the decision rests on. ``source`` says which measurement it comes from."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything the manifest says."""

    path: Path
    packages: Mapping[str, Package]
    models: Mapping[str, ModelEntry]
    thresholds: Mapping[str, Threshold]

    def threshold(self, name: str) -> float:
        """Return one threshold's value. Raises ManifestError when the manifest has none of that name."""
        try:
            return self.thresholds[name].value
        except KeyError:
            raise ManifestError(f"{self.path} has no threshold {name!r}") from None


def default_path() -> Path:
    """Return the manifest of this installation: package data of a wheel, else the checkout's ``models/``."""
    packaged = Path(__file__).with_name("manifest.toml")
    if packaged.is_file():
        return packaged
    return Path(__file__).resolve().parents[2] / "models" / "manifest.toml"


def load(path: Path | None = None) -> Manifest:
    """Read the manifest. Raises ManifestError naming file and entry when something is missing or of the wrong kind."""
    path = path or default_path()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(f"{path} is missing: this installation is incomplete, install kaopi again") from None
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path} is not valid TOML: {error}") from None
    packages = {
        key: _entry(path, Package, f"packages.{key}", key=key, **value) for key, value in _table(path, data, "packages")
    }
    models = {}
    for name, value in _table(path, data, "models"):
        if value.get("package") not in packages:
            raise ManifestError(f"{path}: models.{name} names unknown package {value.get('package')!r}")
        models[name] = _entry(
            path, ModelEntry, f"models.{name}", name=name, **{**value, "package": packages[value["package"]]}
        )
    thresholds = {
        name: _entry(path, Threshold, f"thresholds.{name}", **value) for name, value in _table(path, data, "thresholds")
    }
    return Manifest(path, packages, models, thresholds)


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _table(path: Path, data: Mapping[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise ManifestError(f"{path}: {name} must be a table, not {table!r}")
    for key, value in table.items():
        if not isinstance(value, dict):
            raise ManifestError(f"{path}: {name}.{key} must be a table, not {value!r}")
    return list(table.items())


def _entry(path: Path, kind: type[T], where: str, **values: Any) -> T:
    try:
        entry = kind(**values)
    except TypeError as error:
        raise ManifestError(f"{path}: {where}: {error}") from None
    for name, wanted in get_type_hints(kind).items():
        value = getattr(entry, name)
        if isinstance(value, bool) or not isinstance(value, (int, float) if wanted is float else wanted):
            raise ManifestError(f"{path}: {where}.{name} is {value!r}, expected {wanted.__name__}")
    return entry
