"""What may never happen to a layout, on any panel, in any language: measured without drawing."""

from __future__ import annotations

import itertools

import pytest

from reader.devices.ports import Panel
from reader.screen.cases import VARIANTS, Case, cases
from reader.screen.fonts_build import missing_glyphs
from reader.screen.gallery import EASY
from reader.screen.painter import Painter
from reader.screen.panels import PANELS, Shape, shape_of
from reader.screen.scene import Rect, Scene, Text
from reader.screen.theme import SIZES, contrast
from reader.text import LANGUAGES, Catalogue

CATALOGUE = Catalogue.load()
LOOKS = [
    *itertools.product(PANELS, (*LANGUAGES, EASY), ("",)),
    *itertools.product(PANELS, ("ja",), VARIANTS[1:]),
    *itertools.product(PANELS, ("ne", "pt-BR", "zh-Hant"), ("large",)),
]
IDS = ["-".join((panel.name, language, variant)).rstrip("-") for panel, language, variant in LOOKS]
EVERY_LOOK = pytest.mark.parametrize(("panel", "language", "variant"), LOOKS, ids=IDS)


def scenes(panel: Panel, language: str, variant: str) -> list[tuple[Case, Scene]]:
    painter = Painter(panel, CATALOGUE)
    easy = language == EASY
    shown = []
    for case in cases():
        scene = painter.compose(case.model("ja" if easy else language, easy, variant))
        shown.append((case, Scene(list(scene.nodes), list(scene.targets))))
    return shown


def texts(scene: Scene) -> list[Text]:
    return [node for node in scene.nodes if isinstance(node, Text)]


def overlap(one: Rect, other: Rect) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


@EVERY_LOOK
def test_every_screen_keeps_the_rules(panel: Panel, language: str, variant: str) -> None:
    wrong: list[str] = []
    for case, scene in scenes(panel, language, variant):
        for text in texts(scene):
            words = "".join(text.lines)
            if not text.fits:
                wrong.append(f"{case.name}: {words!r} does not fit its place")
            if text.rect.x < 0 or text.rect.y < 0 or text.rect.right > panel.width or text.rect.bottom > panel.height:
                wrong.append(f"{case.name}: {words!r} leaves the screen")
            missing = missing_glyphs(words, text.language, text.bold)
            if missing:
                wrong.append(f"{case.name}: no glyph for {sorted(missing)} in {words!r}")
            if contrast(text.colour, text.ground) < 7.0:
                wrong.append(f"{case.name}: contrast of {words!r} is {contrast(text.colour, text.ground):.1f}")
        smallest = SIZES[shape_of(panel)].target * panel.px_per_mm
        for target in scene.targets:
            if min(target.rect.w, target.rect.h) < round(smallest) - 1:
                wrong.append(f"{case.name}: {target.label} is {target.rect.w} x {target.rect.h} px, too small")
            rect = target.rect
            if rect.x < 0 or rect.y < 0 or rect.right > panel.width or rect.bottom > panel.height:
                wrong.append(f"{case.name}: {target.label} leaves the screen")
        for one, other in itertools.combinations(scene.targets, 2):
            if overlap(one.rect, other.rect):
                wrong.append(f"{case.name}: {one.label} and {other.label} overlap")
        for one_text, other_text in itertools.combinations(texts(scene), 2):
            if not case.name.endswith("still_there") and overlap(one_text.rect, other_text.rect):
                wrong.append(f"{case.name}: {one_text.lines} and {other_text.lines} overlap")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_japanese_lines_stay_short(panel: Panel) -> None:
    limit = 22 if shape_of(panel) is Shape.WIDE else 14
    strip = {"visual_check.armed"}
    long = [
        f"{case.name}: {line}"
        for case, scene in scenes(panel, "ja", "")
        for text in texts(scene)
        if text.text_id and text.text_id not in strip
        for line in text.lines
        if len(line) > limit
    ]
    assert not long, "\n".join(long)
