"""axe-core, the accessibility checker, from npm: fetched once into .cache, pinned by hash."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

VERSION = "4.10.3"
SHA256 = "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb"
_CACHE = Path(__file__).parents[2] / ".cache" / "axe-core" / VERSION


def axe_source() -> str:
    """The script to run in a page. Raises FileNotFoundError without npm, ValueError when it is not the pinned file."""
    script = _CACHE / "axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise FileNotFoundError("npm is not installed, and axe-core is not cached: apt-get install npm")
        _CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "pack", f"axe-core@{VERSION}", "--silent"], cwd=_CACHE, check=True, capture_output=True)
        with tarfile.open(_CACHE / f"axe-core-{VERSION}.tgz") as package:
            member = package.extractfile("package/axe.min.js")
            assert member is not None
            script.write_bytes(member.read())
    content = script.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        script.unlink()
        raise ValueError("axe-core is not the pinned file; it was removed, run again")
    return content.decode()
