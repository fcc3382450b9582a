"""A page that shows what changed: before, after, and the pixels that differ, for every screen whose hash changed.

"Before" is rendered by the commit that last recorded the hashes; without git it is left out.
"""

from __future__ import annotations

import html
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops

from reader.screen.gallery import Look, render_look


def write_changes(out: Path, changed: Mapping[Look, set[str]], hashes: Path) -> Path:
    """Render the changed cases of each look before and after, and return the page."""
    for look, names in changed.items():
        render_look(look, out / "after", frozenset(names))
    _render_before(out / "before", changed, hashes)
    rows = []
    for look, names in sorted(changed.items()):
        for name in sorted(names):
            rows.append(_row(out, f"{look.folder}/{name}.png"))
    page = out / "index.html"
    page.write_text(
        "<!doctype html><meta charset=utf-8><title>changed screens</title>"
        "<style>body{font:16px sans-serif;margin:24px;background:#e6e6e6}img{width:32%;vertical-align:top;"
        "border:1px solid #999}</style><h1>Changed screens: before, after, difference</h1>" + "\n".join(rows),
        encoding="utf-8",
    )
    return page


def _row(out: Path, name: str) -> str:
    cells = []
    before, after = out / "before" / name, out / "after" / name
    if before.is_file() and after.is_file():
        with Image.open(before) as old, Image.open(after) as new:
            if old.size == new.size:
                mask = ImageChops.difference(old, new).convert("L").point(lambda value: 255 if value else 0)
                faded = Image.blend(new.convert("RGB"), Image.new("RGB", new.size, "white"), 0.7)
                faded.paste((206, 0, 0), mask=mask)
                (out / "diff" / name).parent.mkdir(parents=True, exist_ok=True)
                faded.save(out / "diff" / name)
    for kind in ("before", "after", "diff"):
        if (out / kind / name).is_file():
            cells.append(f'<img src="{kind}/{html.escape(name)}" alt="{kind}">')
    return f"<h2>{html.escape(name)}</h2><p>{' '.join(cells)}</p>"


def _render_before(out: Path, changed: Mapping[Look, set[str]], hashes: Path) -> None:
    """Let the code that recorded the hashes draw the same cases."""
    where = hashes.resolve().parent
    try:
        root = Path(_git(where, "rev-parse", "--show-toplevel").decode().strip())
        commit = _git(root, "log", "-1", "--format=%H", "--", str(hashes.resolve())).decode().strip()
        if not commit:
            return
        archive = _git(root, "archive", commit, "reader")
    except (OSError, subprocess.CalledProcessError):
        return
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
        by_look: dict[Look, set[str]] = defaultdict(set)
        by_look.update(changed)
        for look, names in by_look.items():
            command = [sys.executable, "-m", "reader.screen.gallery", str(out.resolve()), "--jobs", "1"]
            command += ["--panel", look.panel, "--language", look.language, f"--variant={look.variant}"]
            for name in sorted(names):
                command += ["--case", name]
            environment = {**os.environ, "PYTHONPATH": folder}
            subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True)


def _git(where: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=where, check=True, capture_output=True).stdout
