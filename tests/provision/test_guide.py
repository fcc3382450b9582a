"""The guide is followed word for word where no Pi is needed, both languages say the same, and its pictures are true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDES = {"en": ROOT / "docs/guide.md", "ja": ROOT / "docs/guide.ja.md"}


def blocks(text: str, kind: str) -> list[str]:
    """Return the fenced blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_every_plain_block_works_in_a_fresh_folder(tmp_path: Path) -> None:
    """One language's do for both, whose lines are the same. The folder has of the repository what the lines name, and
    where the checkout's environment would be, this one.
    """
    script = "set -eu\n" + "".join(blocks(GUIDES["ja"].read_text("utf-8"), "sh"))
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    (tmp_path / "image").symlink_to(ROOT / "image")
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "good: site minato, kiosk kiosk-1" in result.stdout
    assert {path.name for path in (tmp_path / "setup").iterdir()} == {"kiosk-1", "front", "back", "annex"}
    assert "PRIVATE KEY" not in (tmp_path / "setup/annex/kaopi-setup.toml").read_text("utf-8")
    assert "annex: open" in result.stdout
    assert "nobody is expected any more" in result.stdout
    assert "みなと内科" in (tmp_path / "setup/front/kaopi-setup.toml").read_text("utf-8")


def test_both_languages_have_the_same_lines_to_type() -> None:
    english, japanese = (GUIDES[name].read_text("utf-8") for name in ("en", "ja"))
    for kind in ("sh", "text"):
        assert blocks(english, kind) == blocks(japanese, kind)
    assert len(re.findall(r"^## ", english, re.MULTILINE)) == len(re.findall(r"^## ", japanese, re.MULTILINE))
    assert re.findall(r"\]\((images/[^)]+|print/[^)]+)\)", english) == re.findall(
        r"\]\((images/[^)]+|print/[^)]+)\)", japanese
    )


@pytest.mark.parametrize("language", GUIDES)
def test_what_was_not_run_says_that_it_needs_a_pi(language: str) -> None:
    for block in blocks(GUIDES[language].read_text("utf-8"), "text"):
        assert block.startswith("# Pi\n")


@pytest.mark.parametrize("language", GUIDES)
def test_everything_the_guide_points_to_is_there(language: str) -> None:
    guide = GUIDES[language]
    for link in re.findall(r"\]\(([^)#]+)\)", guide.read_text("utf-8")):
        if not link.startswith("http"):
            assert (guide.parent / link).exists(), link


def test_the_pictures_are_what_the_program_draws() -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "tools/guide_pictures.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
