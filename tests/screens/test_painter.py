"""What a finger or a key means, and that only what changed is drawn again."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pygame
import pytest

from reader.devices.ports import Panel
from reader.screen.cases import Case, cases, placeholder
from reader.screen.fonts_build import missing_glyphs, problems
from reader.screen.painter import Painter
from reader.screen.panels import PANEL_10, PANELS, panel_named
from reader.screen.scene import Mirror, PadKey, Touch
from reader.screen.theme import CALM, CLEAR, contrast
from reader.session.vocabulary import Button, ConsentItem, Step
from reader.text import Catalogue

CATALOGUE = Catalogue.load()
CASES = {case.name: case for case in cases()}


def painter(panel: Panel = PANEL_10) -> Painter:
    return Painter(panel, CATALOGUE)


def surface(panel: Panel = PANEL_10) -> pygame.Surface:
    return pygame.Surface((panel.width, panel.height), depth=32)


def meanings(case: Case, panel: Panel = PANEL_10) -> list[Touch]:
    return [target.touch for target in painter(panel).targets(case.model())]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
@pytest.mark.parametrize("name", ["idle", "face", "pin_entry", "consent", "done"])
def test_touching_the_middle_of_a_target_means_that_target(name: str, panel: Panel) -> None:
    artist, model = painter(panel), CASES[name].model()
    for target in artist.targets(model):
        touch = artist.hit(model, target.rect.x + target.rect.w // 2, target.rect.y + target.rect.h // 2)
        assert touch == target.touch


def test_between_targets_lies_nothing() -> None:
    artist, model = painter(), CASES["pin_entry"].model()
    one = artist.targets(model)[0].rect
    assert artist.hit(model, 0, 0) is None
    assert artist.hit(model, one.x - 1, one.y) is None


def test_staff_and_aids_are_on_every_patient_screen() -> None:
    for step in (Step.IDLE, Step.READING_CARD, Step.FACE, Step.PIN_ENTRY, Step.CONSENT, Step.OUT_OF_SERVICE):
        for panel in PANELS:
            buttons = {touch.button for touch in meanings(CASES[step.value], panel)}
            assert {Button.STAFF, Button.LANGUAGE, Button.LARGE_TEXT, Button.HIGH_CONTRAST, Button.MORE_TIME} <= buttons


def test_the_pad_has_ten_digits_in_the_order_asked_for() -> None:
    shown = CASES["pin_entry.full_shuffled"]
    digits = [touch.digit for touch in meanings(shown) if touch.digit is not None]
    assert digits == list(shown.live.pad_order)
    assert sorted(digits) == list(range(10))
    assert Touch(pad=PadKey.BACKSPACE) in meanings(shown)
    assert Touch(Button.NEXT) in meanings(shown)


def test_every_consent_can_be_agreed_and_declined_and_all_at_once() -> None:
    touches = meanings(CASES["consent"])
    for item in ConsentItem:
        assert Touch(Button.AGREE, item=item) in touches
        assert Touch(Button.DECLINE, item=item) in touches
    assert Touch(Button.AGREE_ALL) in touches


def test_a_small_panel_asks_for_the_first_item_without_an_answer() -> None:
    small = panel_named("7-800x480")
    touches = meanings(CASES["consent.answering"], small)
    assert {touch.item for touch in touches if touch.item} == {ConsentItem.HEALTH_CHECKUP}
    assert Touch(Button.AGREE_ALL) in touches


def test_a_locked_pin_is_not_offered() -> None:
    for name in ("face.no_pin", "face_given_up.no_pin"):
        assert Button.USE_PIN not in {touch.button for touch in meanings(CASES[name])}
    assert Touch(Button.USE_PIN) in meanings(CASES["face_given_up"])


def test_still_there_leaves_one_thing_to_touch() -> None:
    assert meanings(CASES["pin_entry.still_there"]) == [Touch(Button.STAY)]


def test_the_language_list_offers_what_the_site_offers() -> None:
    offered = {touch.language for touch in meanings(CASES["idle.few_languages"]) if touch.language}
    assert offered == {"ja", "en"}
    assert Touch(Button.EASY_JAPANESE) in meanings(CASES["idle.few_languages"])
    assert Touch(Button.LANGUAGE).opens_languages
    assert not Touch(Button.LANGUAGE, language="en").opens_languages


def test_the_photo_is_only_ever_in_the_visual_check() -> None:
    photo = placeholder()[:, :, 0]
    for case in cases():
        shown = Case(case.name, case.session, replace(case.live, photo=photo)).model()
        assert (shown.photo is not None) == (case.session.step is Step.VISUAL_CHECK)


def test_an_equal_model_redraws_only_the_live_view() -> None:
    artist, sheet, case = painter(), surface(), CASES["face"]
    assert artist.draw(sheet, case.model()) == [sheet.get_rect()]
    other = np.full_like(placeholder(), 128)
    changed = artist.draw(sheet, Case("", case.session, replace(case.live, preview=other)).model())
    mirrors = [node.rect for node in artist.compose(case.model()).nodes if isinstance(node, Mirror)]
    assert [(rect.x, rect.y, rect.w, rect.h) for rect in changed] == [(r.x, r.y, r.w, r.h) for r in mirrors]
    again = surface()
    fresh = painter()
    fresh.draw(again, Case("", case.session, replace(case.live, preview=other)).model())
    assert pygame.image.tobytes(sheet, "RGB") == pygame.image.tobytes(again, "RGB")


def test_asking_what_a_touch_means_does_not_count_as_drawing() -> None:
    artist, sheet = painter(), surface()
    artist.draw(sheet, CASES["idle"].model())
    artist.hit(CASES["consent"].model(), 10, 10)
    assert artist.draw(sheet, CASES["consent"].model()) == [sheet.get_rect()]


def test_a_painter_keeps_no_face_alive() -> None:
    artist, case = painter(), CASES["visual_check.unlocked"]
    frame = placeholder().copy()
    seen = weakref.ref(frame)
    artist.draw(surface(), Case("", case.session, replace(case.live, preview=frame)).model())
    del frame
    gc.collect()
    assert seen() is None


def test_a_screen_without_live_view_is_not_drawn_twice() -> None:
    artist, sheet = painter(), surface()
    artist.draw(sheet, CASES["idle"].model())
    assert artist.draw(sheet, CASES["idle"].model()) == []


def test_the_live_view_is_mirrored() -> None:
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:, :320] = 255  # what is at the patient's right hand is left in the camera's picture
    case = CASES["face.nearly"]
    artist, sheet = painter(), surface()
    artist.draw(sheet, Case("", case.session, replace(case.live, preview=frame)).model())
    [mirror] = [node for node in artist.compose(case.model()).nodes if isinstance(node, Mirror)]
    middle = mirror.rect.y + mirror.rect.h // 2
    left = sheet.get_at((mirror.rect.x + mirror.rect.w * 2 // 5, middle))
    right = sheet.get_at((mirror.rect.x + mirror.rect.w * 3 // 5, middle))
    assert left[0] < 32
    assert right[0] > 223


@pytest.mark.parametrize("name", ["idle", "pin_entry", "consent", "still_there"])
def test_keys_walk_through_every_target_and_back(name: str) -> None:
    case = CASES.get(name, CASES["pin_entry.still_there"])
    artist = painter()
    count = len(artist.targets(case.model()))
    seen = []
    focus: int | None = None
    for _ in range(count):
        model = Case("", case.session, replace(case.live, focus=focus)).model()
        focus = artist.focus_next(model)
        seen.append(focus)
        focused = Case("", case.session, replace(case.live, focus=focus)).model()
        assert artist.activate(focused) == artist.targets(focused)[focus or 0].touch
        assert artist.focus_next(focused, backwards=True) == ((focus or 0) - 1) % count
    assert seen == list(range(count))
    assert artist.activate(case.model()) is None


def test_what_is_focused_can_be_spoken() -> None:
    for case in cases():
        for target in painter().targets(case.model()):
            if not target.label.startswith("languages."):
                assert CATALOGUE.voice(target.label)


@pytest.mark.parametrize("palette", [CALM, CLEAR], ids=["calm", "clear"])
def test_colours_reach_seven_to_one(palette: object) -> None:
    colours = CALM if palette is CALM else CLEAR
    pairs = [
        (colours.text, colours.ground),
        (colours.text, colours.surface),
        (colours.text, colours.tint),
        (colours.soft_text, colours.ground),
        (colours.soft_text, colours.surface),
        (colours.primary, colours.button),
        (colours.primary, colours.tint),
        (colours.on_primary, colours.primary),
        (colours.on_good, colours.good),
        (colours.on_urgent, colours.urgent),
    ]
    for ink, ground in pairs:
        assert contrast(ink, ground) >= 7.0
    assert contrast(colours.edge, colours.ground) >= 3.0


def test_the_shipped_fonts_are_as_built_and_complete() -> None:
    assert problems(CATALOGUE) == []


def test_a_missing_glyph_is_found_out() -> None:
    assert missing_glyphs("あ\u2603", "ja", bold=True) == {"\u2603"}
    assert missing_glyphs("가A", "en", bold=False) == {"가"}


@pytest.mark.parametrize("name", ["髙橋", "山﨑", "渡邉", "濵田", "德永", "㈱①"])
def test_names_that_nobody_foresaw_can_be_drawn(name: str) -> None:
    assert missing_glyphs(name, "ja", bold=False) == frozenset()


def test_an_unknown_panel_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(ValueError, match=r"10\.1-1280x800"):
        panel_named("7-1024x600")
