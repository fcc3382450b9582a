"""The painter: composes a model into a scene, puts the scene on a surface, and tells what a finger meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygame
from numpy.typing import NDArray

from reader.devices.ports import Panel
from reader.screen.fonts import font
from reader.screen.icons import icon
from reader.screen.layouts import languages, still_there
from reader.screen.mirror import mirrored, overlay, sign, sign_place
from reader.screen.model import ScreenModel
from reader.screen.page import Page
from reader.screen.panels import shape_of
from reader.screen.pictures import picture
from reader.screen.scene import Art, Box, Dots, Frame, Icon, Mirror, Node, Scene, Target, Text, Touch, Veil
from reader.screen.screens import SCREENS
from reader.screen.shapes import rounded
from reader.screen.theme import Theme, theme_for
from reader.text import Catalogue


class Painter:
    """Draws models on one panel. Knows no device: it is handed a surface."""

    def __init__(self, panel: Panel, catalogue: Catalogue) -> None:
        self.panel = panel
        self.catalogue = catalogue
        self._composed_for: ScreenModel | None = None
        self._drawn: ScreenModel | None = None
        self._scene = Scene()
        self._theme = theme_for(shape_of(panel))

    def compose(self, model: ScreenModel) -> Scene:
        """Return the scene of ``model``: every rectangle, line and target, not yet drawn."""
        return self._composed(model)

    def _composed(self, model: ScreenModel) -> Scene:
        if model != self._composed_for:
            page = Page(self.panel, model, self.catalogue)
            if model.choosing_language:
                languages.compose(page)
            else:
                SCREENS[model.step].compose(page)
            if model.countdown is not None:
                still_there.compose(page, model.countdown)
            page.focus(model.focus)
            self._scene, self._theme, self._composed_for = page.scene, page.theme, _without_pixels(model)
        return self._scene

    def draw(self, surface: pygame.Surface, model: ScreenModel) -> list[pygame.Rect]:
        """Draw what differs from the last call on this painter; return the rectangles that changed.

        A model equal to the last one redraws only the live view, and the picture whose card has moved. Pass every
        frame to the same surface.
        """
        fresh = model != self._drawn
        nudged = self._drawn is not None and model.phase != self._drawn.phase
        scene = self._composed(model)
        self._drawn = _without_pixels(model)
        moving = [node for node in scene.nodes if isinstance(node, Mirror) or (nudged and isinstance(node, Art))]
        veiled = bool(moving) and any(isinstance(node, Veil) for node in scene.nodes)
        nodes: list[Node] = list(scene.nodes) if fresh or veiled else list(moving)
        for node in nodes:
            _put(surface, node, model, self._theme)
        if fresh or veiled:
            return [surface.get_rect()]
        return [pygame.Rect(node.rect.x, node.rect.y, node.rect.w, node.rect.h) for node in moving]

    def forget(self) -> None:
        """Draw everything next time (the surface is new, or was painted by someone else)."""
        self._drawn = None

    def hit(self, model: ScreenModel, x: int, y: int) -> Touch | None:
        """Return what lies under the point, or None. Taps between two targets belong to neither."""
        for target in reversed(self.compose(model).targets):
            if target.rect.holds(x, y):
                return target.touch
        return None

    def targets(self, model: ScreenModel) -> tuple[Target, ...]:
        """Return everything that can be touched, in the order a keypad walks through it."""
        return tuple(self.compose(model).targets)

    def focus_next(self, model: ScreenModel, backwards: bool = False) -> int | None:
        """Return the index a keypad moves to (put it into ``LiveView.focus``); None when nothing can be touched."""
        count = len(self.targets(model))
        if count == 0:
            return None
        if model.focus is None:
            return count - 1 if backwards else 0
        return (model.focus + (-1 if backwards else 1)) % count

    def activate(self, model: ScreenModel) -> Touch | None:
        """Return what the focused target means, as if it had been touched."""
        targets = self.targets(model)
        if model.focus is None or not 0 <= model.focus < len(targets):
            return None
        return targets[model.focus].touch


def _without_pixels(model: ScreenModel) -> ScreenModel:
    """An equal model that keeps no face alive."""
    return replace(model, preview=None, photo=None)


def _put(surface: pygame.Surface, node: Node, model: ScreenModel, theme: Theme) -> None:
    """Rasterise one node."""
    match node:
        case Box():
            _box(surface, node)
        case Text():
            _text(surface, node)
        case Art(rect=rect):
            sheet = picture(node.picture, rect.w, rect.h, theme.palette, node.ground, node.urgency, model.phase)
            surface.blit(sheet, (rect.x, rect.y))
        case Icon(rect=rect):
            surface.blit(icon(node.name, rect.w, node.colour, node.ground), (rect.x, rect.y))
        case Dots():
            _dots(surface, node, theme)
        case Mirror():
            _mirror(surface, node, model, theme)
        case Frame(rect=rect):
            box = pygame.Rect(rect.x, rect.y, rect.w, rect.h)
            pygame.draw.rect(surface, node.outer, box.inflate(node.width, node.width), node.width, node.radius)
            pygame.draw.rect(surface, node.colour, box, node.width, node.radius)
        case Veil(rect=rect):
            sheet = pygame.Surface((rect.w, rect.h))
            sheet.fill(node.colour)
            sheet.set_alpha(node.alpha)
            surface.blit(sheet, (rect.x, rect.y))


def _box(surface: pygame.Surface, node: Box) -> None:
    rect, stroke = node.rect, node.stroke
    if node.radius == 0 and node.edge is None:
        surface.fill(node.fill, (rect.x, rect.y, rect.w, rect.h))
        return
    if node.edge is not None:
        surface.blit(rounded(rect.w, rect.h, node.radius, node.edge), (rect.x, rect.y))
        rect = rect.inset(stroke)
    surface.blit(rounded(rect.w, rect.h, max(0, node.radius - stroke), node.fill), (rect.x, rect.y))


def _text(surface: pygame.Surface, node: Text) -> None:
    drawn = font(node.language, node.bold, node.px)
    for index, line in enumerate(node.lines):
        ink = drawn.render(line, True, node.colour)
        x = node.rect.x + ((node.rect.w - ink.get_width()) // 2 if node.centred else 0)
        y = node.rect.y + index * node.line_px + (node.line_px - ink.get_height()) // 2
        surface.blit(ink, (x, y))


def _dots(surface: pygame.Surface, node: Dots, theme: Theme) -> None:
    colours, rect = theme.palette, node.rect
    side = min(rect.h, round(rect.w / (node.total * 1.4)))
    gap = round(side * 0.4)
    width = node.total * side + (node.total - 1) * gap
    x = rect.x + max(0, (rect.w - width) // 2)
    y = rect.y + (rect.h - side) // 2
    stroke = max(2, side // 12)
    for index in range(node.total):
        at = (x + index * (side + gap), y)
        surface.blit(rounded(side, side, side // 2, colours.primary), at)
        if index >= node.filled:
            hollow = rounded(side - 2 * stroke, side - 2 * stroke, (side - 2 * stroke) // 2, colours.ground)
            surface.blit(hollow, (at[0] + stroke, at[1] + stroke))


def _mirror(surface: pygame.Surface, node: Mirror, model: ScreenModel, theme: Theme) -> None:
    rect, colours = node.rect, theme.palette
    pixels: NDArray[np.uint8] | None = model.photo if node.source == "photo" else model.preview
    radius = max(8, rect.h // 16)
    if pixels is None:
        surface.blit(rounded(rect.w, rect.h, radius, colours.tint), (rect.x, rect.y))
    else:
        surface.blit(mirrored(pixels, rect, mirror=node.source == "preview"), (rect.x, rect.y))
    if node.oval:
        ring = max(6, rect.h // 32)
        surface.blit(overlay(rect.w, rect.h, radius, ring, model.progress, colours), (rect.x, rect.y))
        place = sign_place(rect, node.guidance, ring) if node.guidance is not None else None
        if node.guidance is not None and place is not None:
            surface.blit(sign(node.guidance, place[2], colours), place[:2])
