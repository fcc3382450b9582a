"""The page a screen is composed on: zones in millimetres, the header, the fixed strip, and how text and buttons sit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from reader.devices.ports import Panel
from reader.screen.fonts import font
from reader.screen.model import TEXT_MARK, Choice, Picture, Rank, ScreenModel, Words
from reader.screen.panels import Shape, shape_of
from reader.screen.scene import Art, Box, Frame, Icon, Rect, Scene, Target, Text, Touch
from reader.screen.theme import Colour, theme_for
from reader.screen.typeset import Setting, set_text
from reader.session.table import STEPS
from reader.session.vocabulary import Button, Step
from reader.text import SOURCE, Catalogue

#: The aids of the strip in order, with their icon.
AIDS: Final = (
    (Button.LANGUAGE, "language"),
    (Button.LARGE_TEXT, "large_text"),
    (Button.HIGH_CONTRAST, "contrast"),
    (Button.MORE_TIME, "time"),
    (Button.LOWER, "lower"),
)
#: With the aid "lower", nothing to touch lies higher above the panel's lower edge; landscape panels never reach it.
LOWER_REACH_MM: Final = 135.0
BUTTON_LEADING: Final = 1.18
#: Icons of buttons. None carries a tick: a tick says "chosen".
ICONS: Final = {
    Button.STAFF: "staff",
    Button.USE_PIN: "pin",
    Button.USE_FACE: "face",
}


class Page:
    """Collects a scene for one model on one panel. ``content`` is what header and strip leave free."""

    def __init__(self, panel: Panel, model: ScreenModel, catalogue: Catalogue) -> None:
        self.panel = panel
        self.model = model
        self.catalogue = catalogue
        self.shape = shape_of(panel)
        self.theme = theme_for(self.shape, model.large_text, model.high_contrast)
        self.sizes = self.theme.sizes
        self.colours = self.theme.palette
        self.scene = Scene()
        self.whole = Rect(0, 0, panel.width, panel.height)
        self.scene.nodes.append(Box(self.whole, self.colours.ground))
        self.content = self._frame()
        if model.lower:
            top = max(self.content.y, panel.height - self.mm(LOWER_REACH_MM))
            self.content = replace(self.content, y=top, h=self.content.bottom - top)

    def mm(self, millimetres: float) -> int:
        """Convert a length to pixels."""
        return round(millimetres * self.panel.px_per_mm)

    # -- words -------------------------------------------------------------------------------------------------

    def wording(self, words: Words) -> tuple[str, str]:
        """Return the sentence with its values filled in, and the language it is in."""
        language, easy = self.model.language, self.model.easy
        sentence = self.catalogue.text(words.text_id, language, easy)
        for name, value in words.values:
            if value.startswith(TEXT_MARK):
                value = self.catalogue.text(value.removeprefix(TEXT_MARK), language, easy)
            elif name == "date":
                value = self.catalogue.date(value, self.catalogue.language_of(words.text_id, language, easy))
            sentence = sentence.replace("{" + name + "}", value)
        return sentence, self.catalogue.language_of(words.text_id, language, easy)

    def text(
        self,
        rect: Rect,
        words: Words,
        size_mm: float,
        *,
        bold: bool = False,
        colour: Colour | None = None,
        ground: Colour | None = None,
        centred: bool = False,
        top: bool = False,
        floor_mm: float | None = None,
        leading: float | None = None,
    ) -> int:
        """Set a sentence into ``rect``, shrinking it if it must; return the height used in pixels."""
        sentence, language = self.wording(words)
        return self.raw(
            rect,
            sentence,
            language,
            size_mm,
            bold=bold,
            colour=colour,
            ground=ground,
            centred=centred,
            top=top,
            floor_mm=floor_mm,
            leading=leading,
            text_id=words.text_id,
            marked=not words.values,
        )

    def raw(
        self,
        rect: Rect,
        sentence: str,
        language: str,
        size_mm: float,
        *,
        bold: bool = False,
        colour: Colour | None = None,
        ground: Colour | None = None,
        centred: bool = False,
        top: bool = False,
        floor_mm: float | None = None,
        leading: float | None = None,
        text_id: str = "",
        marked: bool = False,
    ) -> int:
        """Set a string that is no catalogue sentence (clinic name, clock, a digit)."""
        leading = leading or self.sizes.leading
        floor = self.mm(floor_mm or self.sizes.floor)
        setting = set_text(
            sentence,
            language,
            bold,
            self.mm(size_mm),
            floor,
            rect.w,
            rect.h,
            leading,
            self._line_limit(language) if text_id else 999,
            marked=marked,
            exact=self.model.large_text,
        )
        line_px = round(setting.px * leading)
        height = line_px * len(setting.lines)
        y = rect.y if top else rect.y + (rect.h - height) // 2
        self.scene.nodes.append(
            Text(
                Rect(rect.x, y, rect.w, height),
                setting.lines,
                setting.px,
                line_px,
                bold,
                colour or self.colours.text,
                ground or self.colours.ground,
                language,
                centred,
                setting.fits,
                text_id=text_id,
            )
        )
        return height

    def measure(self, rect: Rect, words: Words, size_mm: float, *, bold: bool = False) -> int:
        """Return the height the sentence would take in ``rect``."""
        setting = self._setting(rect, words, size_mm, bold=bold)
        return round(setting.px * self.sizes.leading) * len(setting.lines)

    def fits(self, rect: Rect, words: Words, size_mm: float, *, bold: bool = False) -> bool:
        """Whether the sentence has room in ``rect``, be it at the smallest size."""
        return self._setting(rect, words, size_mm, bold=bold).fits

    def _setting(
        self, rect: Rect, words: Words, size_mm: float, *, bold: bool, leading: float | None = None
    ) -> Setting:
        sentence, language = self.wording(words)
        return set_text(
            sentence,
            language,
            bold,
            self.mm(size_mm),
            self.mm(self.sizes.floor),
            rect.w,
            rect.h,
            leading or self.sizes.leading,
            self._line_limit(language),
            marked=not words.values,
            exact=self.model.large_text,
        )

    def _line_limit(self, language: str) -> int:
        """Characters a Japanese line may have (ux.md); other scripts are limited by width alone."""
        if language != SOURCE:
            return 999
        return 22 if self.shape is Shape.WIDE else 14

    def sentence(self, rect: Rect, headline: Words, *bodies: Words | None, centred: bool = False) -> None:
        """Set the headline and what follows as one group in the middle of ``rect``."""
        follow = [body for body in bodies if body is not None]
        gap = self.mm(self.sizes.gap)
        if not follow:
            self.text(rect, headline, self.sizes.headline, bold=True, centred=centred)
            return
        room = replace(rect, h=round((rect.h - gap * len(follow)) * (0.62 if len(follow) == 1 else 0.5)))
        head_px = self.measure(room, headline, self.sizes.headline, bold=True)
        left = rect.h - head_px - gap * len(follow)
        each = [replace(rect, h=left // len(follow)) for _ in follow]
        heights = [self.measure(box, body, self.sizes.body) for box, body in zip(each, follow, strict=True)]
        y = rect.y + max(0, (rect.h - head_px - sum(heights) - gap * len(follow)) // 2)
        self.text(Rect(rect.x, y, rect.w, room.h), headline, self.sizes.headline, bold=True, centred=centred, top=True)
        y += head_px + gap
        for body, box, height in zip(follow, each, heights, strict=True):
            self.text(
                Rect(rect.x, y, rect.w, box.h),
                body,
                self.sizes.body,
                colour=self.colours.soft_text,
                centred=centred,
                top=True,
            )
            y += height + gap

    # -- things ------------------------------------------------------------------------------------------------

    def art(self, rect: Rect, picture: Picture, ground: Colour | None = None, urgency: int = 0) -> None:
        """Place an illustration."""
        if picture is not Picture.NONE and rect.w > 0 and rect.h > 0:
            self.scene.nodes.append(Art(rect, picture, ground or self.colours.ground, urgency))

    def box(self, rect: Rect, fill: Colour, *, edge: Colour | None = None, radius_mm: float | None = None) -> None:
        """Place a rounded rectangle."""
        radius = self.mm(self.sizes.radius if radius_mm is None else radius_mm)
        stroke = max(2, self.mm(self.sizes.stroke)) if edge else 0
        self.scene.nodes.append(Box(rect, fill, radius, edge, stroke))

    def button(self, rect: Rect, choice: Choice, *, size_mm: float | None = None, chosen: bool = False) -> None:
        """Place a button with its words, and an icon where there is one and room for it."""
        filled = choice.rank is Rank.PRIMARY or chosen
        fill = self.colours.primary if filled else self.colours.button
        ink = self.colours.on_primary if filled else self.colours.primary
        self.box(rect, fill, edge=self.colours.primary)
        name, at, inside = self.inside(rect, choice, chosen)
        if at is not None:
            self.scene.nodes.append(Icon(at, name, ink, fill))
        self.text(
            inside,
            choice.words,
            size_mm or self.sizes.button,
            bold=True,
            colour=ink,
            ground=fill,
            centred=True,
            leading=BUTTON_LEADING,
        )
        self.target(rect, Touch(choice.button, choice.item, choice.language), choice.words.text_id)

    def inside(self, rect: Rect, choice: Choice, chosen: bool) -> tuple[str, Rect | None, Rect]:
        """Return a button's icon (a tick when it is chosen), the icon's place, and the place of the words."""
        inside = rect.inset(self.mm(2.4), self.mm(1.0))
        icon = "check" if chosen else ICONS.get(choice.button, "")
        side = self.mm(self.sizes.label * 0.8 if chosen else min(9.0, self.sizes.button))
        if not icon or not (chosen or inside.w > side * 5):
            return "", None, inside
        edge = self.mm(0 if chosen else 1.0)
        at = Rect(inside.x + edge, inside.y + (inside.h - side) // 2, side, side)
        left = at.right + self.mm(1.0)
        return icon, at, Rect(left, inside.y, inside.right - edge - left, inside.h)

    def common_size(
        self, cells: Iterable[tuple[Rect, Words]], size_mm: float, *, bold: bool = False, leading: float | None = None
    ) -> float:
        """Return the largest size in millimetres at which all of these have room: equals stand beside equals."""
        settings = [self._setting(rect, words, size_mm, bold=bold, leading=leading) for rect, words in cells]
        return min([size_mm, *(setting.px / self.panel.px_per_mm for setting in settings)])

    def target(self, rect: Rect, touch: Touch, label: str) -> None:
        """Make ``rect`` touchable."""
        self.scene.targets.append(Target(rect, touch, label))

    def answers(self, area: Rect, choices: tuple[Choice, ...], *, stacked: bool | None = None) -> Rect:
        """Place the buttons at the foot of ``area``; return what is left above them. Stacked: by the panel's shape."""
        if not choices:
            return area
        gap = self.mm(self.sizes.gap)
        height = self.mm(self.sizes.target * (1.1 if self.shape is Shape.WIDE else 1.0))
        if self.shape is Shape.TALL if stacked is None else stacked:
            total = height * len(choices) + gap * (len(choices) - 1)
            cells = Rect(area.x, area.bottom - total, area.w, total).column(len(choices), gap)
        else:
            cells = Rect(area.x, area.bottom - height, area.w, height).row(len(choices), gap)
        self.buttons(cells, choices)
        return Rect(area.x, area.y, area.w, cells[0].y - gap - area.y)

    def buttons(self, cells: Sequence[Rect], choices: Sequence[Choice]) -> None:
        """Place answers that stand beside each other, in letters of one size."""
        inside = [
            (self.inside(cell, choice, False)[2], choice.words) for cell, choice in zip(cells, choices, strict=True)
        ]
        size = self.common_size(inside, self.sizes.button, bold=True, leading=BUTTON_LEADING)
        for cell, choice in zip(cells, choices, strict=True):
            self.button(cell, choice, size_mm=size)

    def staff_corner(self) -> None:
        """Make the corner with the clock open the staff code; nobody else needs to see it."""
        side = self.mm(self.sizes.target)
        right = self.content.right + self.mm(self.sizes.margin)
        self.target(
            Rect(right - round(side * 1.5), 0, round(side * 1.5), side),
            Touch(Button.VISUAL_CHECK),
            "button.visual_check",
        )

    def focus(self, index: int | None) -> None:
        """Frame the target a keypad points at: yellow within dark, visible on any ground."""
        if index is None or not 0 <= index < len(self.scene.targets):
            return
        rect = self.scene.targets[index].rect
        width = max(3, self.mm(0.8))
        self.scene.nodes.append(
            Frame(rect.inset(-width), self.mm(self.sizes.radius) + width, width, self.colours.focus, self.colours.text)
        )

    # -- the frame ---------------------------------------------------------------------------------------------

    def _frame(self) -> Rect:
        """Draw header and strip; return what is free."""
        margin = self.mm(self.sizes.margin)
        free = self.whole
        if STEPS[self.model.step].patient:
            free = self._strip()
        free = free.inset(margin)
        if self.shape is Shape.TALL and STEPS[self.model.step].pad:
            return free  # twelve keys need the height more than the clock does
        header, free = free.split_y(self.mm(self.sizes.header), self.mm(self.sizes.gap * 0.5))
        left, right = header.split_x(round(header.w * 0.8), 0)
        soft = self.colours.soft_text
        if self.model.staff_line is not None:
            self.text(left, self.model.staff_line, self.sizes.label, colour=soft)
        elif self.model.clinic:
            self.raw(left, self.model.clinic, "ja", self.sizes.label, colour=soft)
        if self.model.clock:
            width = font("ja", False, self.mm(self.sizes.label)).size(self.model.clock)[0]
            self.raw(
                Rect(right.right - width, right.y, width, right.h),
                self.model.clock,
                "ja",
                self.sizes.label,
                colour=soft,
                centred=True,
            )
        return free

    def _strip(self) -> Rect:
        """Draw staff call and aids where the panel has room for them; return the rest."""
        aids = [(button, icon) for button, icon in AIDS if button is not Button.LOWER or self.shape is Shape.TALL]
        gap, edge = self.mm(2.0), self.mm(2.4)
        target = self.mm(self.sizes.target)
        whole = self.whole
        if self.shape is Shape.WIDE:
            band = Rect(0, whole.h - target - 2 * edge, whole.w, target + 2 * edge)
            self.scene.nodes.append(Box(band, self.colours.surface))
            staff, rest = band.inset(self.mm(self.sizes.margin), edge).split_x(self.mm(62), self.mm(6))
            self._staff(staff)
            for cell, (button, icon) in zip(rest.row(len(aids), gap), aids, strict=True):
                self._aid(cell, button, icon)
            return replace(whole, h=band.y)
        if self.shape is Shape.LOW:
            edge, gap = self.mm(1.5), self.mm(1.6)
            width = self.mm(27)
            band = Rect(whole.w - width - 2 * edge, 0, width + 2 * edge, whole.h)
            self.scene.nodes.append(Box(band, self.colours.surface))
            cells = band.inset(edge).column(len(aids) + 1, gap)
            for cell, (button, icon) in zip(cells, aids, strict=False):
                self._aid(cell, button, icon)
            self._staff(cells[-1])
            return replace(whole, w=band.x)
        rows_h = 2 * target + gap
        band = Rect(0, whole.h - rows_h - 2 * edge, whole.w, rows_h + 2 * edge)
        self.scene.nodes.append(Box(band, self.colours.surface))
        first, second = band.inset(edge).column(2, gap)
        small = self.mm(20)
        staff = replace(first, w=first.w - 2 * (small + gap))
        self._staff(staff)
        named = dict(aids)
        for index, button in enumerate((Button.LANGUAGE, Button.LOWER)):
            self._aid(Rect(staff.right + gap + index * (small + gap), first.y, small, first.h), button, named[button])
        for cell, button in zip(
            second.row(3, gap), (Button.LARGE_TEXT, Button.HIGH_CONTRAST, Button.MORE_TIME), strict=True
        ):
            self._aid(cell, button, named[button])
        return replace(whole, h=band.y)

    def _staff(self, rect: Rect) -> None:
        """The staff call: on every patient screen, in the same place."""
        words = Words("button.staff")
        self.box(rect, self.colours.tint, edge=self.colours.primary)
        inside = rect.inset(self.mm(1.0), self.mm(0.8))
        if self.shape is not Shape.LOW:
            side = min(self.mm(10), inside.h)
            icon = Rect(inside.x + self.mm(1.5), inside.y + (inside.h - side) // 2, side, side)
            self.scene.nodes.append(Icon(icon, "staff", self.colours.primary, self.colours.tint))
            inside = Rect(icon.right + self.mm(1.0), inside.y, inside.right - icon.right - self.mm(2.4), inside.h)
        size = self.sizes.label * (1.25 if self.shape is Shape.WIDE else 1.1)
        self.text(
            inside,
            words,
            size,
            bold=True,
            colour=self.colours.primary,
            ground=self.colours.tint,
            centred=True,
            leading=1.15,
            floor_mm=4.0,
        )
        self.target(rect, Touch(Button.STAFF), words.text_id)

    def _aid(self, rect: Rect, button: Button, icon: str) -> None:
        """One aid; filled while it is on."""
        on = {
            Button.LANGUAGE: self.model.choosing_language,
            Button.LARGE_TEXT: self.model.large_text,
            Button.HIGH_CONTRAST: self.model.high_contrast,
            Button.MORE_TIME: self.model.more_time,
            Button.LOWER: self.model.lower,
        }[button]
        fill = self.colours.primary if on else self.colours.button
        ink = self.colours.on_primary if on else self.colours.text
        self.box(rect, fill, edge=self.colours.edge if not on else self.colours.primary)
        inside = rect.inset(self.mm(0.8), self.mm(1.2))
        side = round(inside.h * 0.5)
        top = Rect(inside.x + (inside.w - side) // 2, inside.y, side, side)
        self.scene.nodes.append(Icon(top, icon, ink, fill))
        below = Rect(inside.x, top.bottom + self.mm(0.5), inside.w, inside.bottom - top.bottom - self.mm(0.5))
        words = Words(f"button.{button.value}")
        shown = words
        if button is Button.LANGUAGE and self.model.step is Step.IDLE and self.model.language == SOURCE:
            shown = Words("idle.language")  # whoever looks for another language cannot read ことば
        self.text(
            below, shown, self.sizes.label, bold=True, colour=ink, ground=fill, centred=True, leading=1.1, floor_mm=3.4
        )
        self.target(rect, Touch(button), words.text_id)
