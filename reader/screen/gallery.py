"""Renders every case in every language on every panel: ``python -m reader.screen.gallery out/screens``."""

from __future__ import annotations

import argparse
import hashlib
import html
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygame
from PIL import Image

from reader.devices.ports import Panel
from reader.screen.cases import VARIANTS, Case, cases
from reader.screen.contact_sheet import ContactSheet
from reader.screen.painter import Painter
from reader.screen.panels import PANEL_10, PANELS, panel_named
from reader.session.table import STEPS
from reader.text import LANGUAGES, Catalogue, UnknownText

EASY: Final = "ja-easy"


@dataclass(frozen=True, slots=True, order=True)
class Look:
    """One way to see all cases: a panel, a language (or easy Japanese), a variant."""

    panel: str
    language: str
    variant: str = ""

    @property
    def folder(self) -> str:
        """Where its pictures go."""
        return f"{self.panel}/{self.language}" + (f"-{self.variant}" if self.variant else "")

    def cases(self) -> Iterator[Case]:
        """Japanese shows everything; a variant or another language, what every language words for itself."""
        everything = self.language == "ja" and not self.variant
        return (case for case in cases() if everything or case.basic)


def all_looks() -> list[Look]:
    """Every panel in every language, and every variant of Japanese."""
    looks = [Look(panel.name, language) for panel in PANELS for language in (*LANGUAGES, EASY)]
    return looks + [Look(panel.name, "ja", variant) for panel in PANELS for variant in VARIANTS if variant]


def hashed_looks() -> list[Look]:
    """What the fixtures hold: all panels in Japanese with its variants, every language on the main panel."""
    looks = [Look(panel.name, "ja", variant) for panel in PANELS for variant in VARIANTS]
    return looks + [Look(PANEL_10.name, language) for language in (*LANGUAGES[1:], EASY)]


def render(painter: Painter, case: Case, look: Look) -> pygame.Surface:
    """Return one screen on a fresh surface, 32 bit."""
    surface = pygame.Surface((painter.panel.width, painter.panel.height), depth=32)
    easy = look.language == EASY
    painter.forget()
    painter.draw(surface, case.model("ja" if easy else look.language, easy, look.variant))
    return surface


def pixel_hash(surface: pygame.Surface) -> str:
    """Return the sha256 of the decoded RGB pixels: independent of any file format."""
    return hashlib.sha256(pygame.image.tobytes(surface, "RGB")).hexdigest()


def save(surface: pygame.Surface, path: Path) -> None:
    """Write a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.frombytes("RGB", surface.get_size(), pygame.image.tobytes(surface, "RGB"))
    picture.save(path, compress_level=3)


def spoken(case: Case, language: str, catalogue: Catalogue) -> str:
    """Return what is said on entering this screen, or ""."""
    easy = language == EASY
    ids = [case.name, STEPS[case.session.step].says]
    if case.session.guidance is not None:
        ids.insert(0, f"guidance.{case.session.guidance.value}")
    if case.session.card.front_problem is not None:
        ids.insert(0, f"front.{case.session.card.front_problem.value}")
    for text_id in ids:
        try:
            return catalogue.voice(text_id, "ja" if easy else language, easy)
        except UnknownText:
            continue
    return ""


def render_look(look: Look, out: Path, names: frozenset[str] = frozenset()) -> str:
    """Render one look with its contact page (only the named cases, where some are named); return its folder."""
    catalogue = Catalogue.load()
    painter = Painter(panel_named(look.panel), catalogue)
    sheet = ContactSheet(painter.panel)
    rows = []
    for case in look.cases():
        if names and case.name not in names:
            continue
        surface = render(painter, case, look)
        save(surface, out / look.folder / f"{case.name}.png")
        sheet.add(case.name, surface)
        said = html.escape(spoken(case, look.language, catalogue))
        rows.append(
            f'<figure><a href="{case.name}.png"><img loading="lazy" src="{case.name}.png" alt=""></a>'
            f"<figcaption><b>{html.escape(case.name)}</b><br>{said}</figcaption></figure>"
        )
    sheets = [f'<a href="{path.name}">{path.stem}</a>' for path in sheet.save(out / look.folder)]
    page = _page(look.folder, painter.panel, " ".join(sheets), "\n".join(rows))
    (out / look.folder / "index.html").write_text(page, encoding="utf-8")
    return look.folder


def _page(title: str, panel: Panel, sheets: str, body: str) -> str:
    width = 420 if panel.width > panel.height else 240
    return (
        f'<!doctype html><html lang="ja"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>body{{font:16px/1.5 sans-serif;margin:24px;background:#e6e6e6}}main{{display:flex;flex-wrap:wrap;"
        f"gap:16px}}figure{{margin:0;width:{width}px}}img{{width:100%;border:1px solid #999}}"
        f"figcaption{{font-size:14px;color:#333}}</style>"
        f'<h1>{html.escape(title)}</h1><p><a href="../../index.html">all</a> {sheets}</p><main>{body}</main></html>'
    )


def write_index(out: Path, folders: Iterable[str]) -> None:
    """Write the first page of the gallery."""
    links = "\n".join(f'<li><a href="{folder}/index.html">{folder}</a></li>' for folder in folders)
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>kaopi screens</title>'
        "<style>body{font:18px/1.6 sans-serif;margin:32px}ul{columns:4}</style>"
        f"<h1>kaopi screens</h1><p>Every screen, by panel and language, with what is spoken.</p><ul>{links}</ul></html>"
    )
    (out / "index.html").write_text(page, encoding="utf-8")


def main() -> int:
    """Render what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--panel", action="append", choices=[panel.name for panel in PANELS])
    parser.add_argument("--language", action="append", choices=[*LANGUAGES, EASY])
    parser.add_argument("--variant", action="append", choices=VARIANTS)
    parser.add_argument("--case", action="append", default=[], help="only this case; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    looks = [
        look
        for look in all_looks()
        if look.panel in (asked.panel or [panel.name for panel in PANELS])
        and look.language in (asked.language or [*LANGUAGES, EASY])
        and look.variant in (asked.variant or VARIANTS)
    ]
    with multiprocessing.get_context("spawn").Pool(asked.jobs) as pool:
        folders = pool.starmap(render_look, [(look, asked.out, frozenset(asked.case)) for look in looks], chunksize=1)
    write_index(asked.out, sorted(folders))
    print(f"{asked.out / 'index.html'}: {len(folders)} pages")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
