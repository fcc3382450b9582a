"""Makes what attackers hold: prints with borders, dots and cut-out eyes, telephones, tablets, and the hands on them."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hw_sim.attackers.held import Picture
from hw_sim.people.person import Person
from hw_sim.people.portrait import Portrait
from hw_sim.people.raster import Floats
from reader.face.geometry import LEFT_EYE, RIGHT_EYE, five_points

_PX_PER_MM = 2.4
_EYE_RINGS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
_SIDE_MM, _BELOW_MM = 75.0, 190.0  # of picture kept beside, above and below a held thing for hands and forearms


def portrait_crop(
    portrait: Portrait, size_mm: tuple[float, float], eyes_mm: float, px_per_mm: float = _PX_PER_MM
) -> tuple[NDArray[np.uint8], Floats]:
    """Return an upright crop of a photograph, RGB, in which the pupils stand ``eyes_mm`` apart, and its face mesh.

    The face sits in the middle, eyes at two fifths of the height. Where the photograph ends its edge goes on.
    """
    five = five_points(portrait.points)
    middle, across = (five[0] + five[1]) / 2, five[1] - five[0]
    scale = eyes_mm * px_per_mm / float(np.hypot(across[0], across[1]))
    angle = float(np.arctan2(across[1], across[0]))
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[cos, sin, 0.0], [-sin, cos, 0.0]])
    turn[:, 2] = np.array(size_mm) * px_per_mm * np.array([0.5, 0.4]) - turn[:, :2] @ middle.astype(np.float64)
    size = (round(size_mm[0] * px_per_mm), round(size_mm[1] * px_per_mm))
    flag = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_CUBIC
    crop = cv2.warpAffine(portrait.pixels, turn, size, flags=flag, borderMode=cv2.BORDER_REPLICATE)
    mesh = np.asarray(portrait.points[:, :2] @ turn[:, :2].T + turn[:, 2], np.float32)
    return np.asarray(crop, np.uint8), mesh


def printed(rgb: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Return what a printer makes of a picture: less contrast and colour, a tint, dots, a little blur."""
    image = rgb.astype(np.float32)
    grey = image.mean(axis=2, keepdims=True)
    image = grey + (image - grey) * float(random.uniform(0.72, 0.98))
    floor, ceiling = float(random.uniform(18, 42)), float(random.uniform(222, 244))
    image = floor + image / 255.0 * (ceiling - floor)
    image *= 1.0 + random.uniform(-0.045, 0.045, 3).astype(np.float32)
    dots = random.normal(0.0, float(random.uniform(1.5, 5.0)), image.shape).astype(np.float32)
    blurred = cv2.GaussianBlur(image + dots, (0, 0), float(random.uniform(0.45, 0.9)))
    image = np.asarray(blurred, np.float32)
    if random.random() < 0.3:  # streaks of a clogged nozzle
        rows = np.cumsum(random.normal(0, 1, image.shape[0])).astype(np.float32)
        image *= (1.0 + 0.012 * np.sin(rows)).astype(np.float32)[:, None, None]
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def print_of(
    portrait: Portrait,
    size_mm: tuple[float, float],
    eyes_mm: float,
    random: np.random.Generator,
    *,
    border_mm: float = 6.0,
    cut_eyes: bool = False,
    skin: Floats | None = None,
) -> tuple[Picture, Picture]:
    """Return a print of a photograph: white border, eyes cut out or not, in hands of colour ``skin`` or in none."""
    inner = (size_mm[0] - 2 * border_mm, size_mm[1] - 2 * border_mm)
    crop, mesh = portrait_crop(portrait, inner, eyes_mm)
    edge = round(border_mm * _PX_PER_MM)
    paper = tuple(int(value) for value in random.integers(228, 246, 3))
    image = cv2.copyMakeBorder(printed(crop, random), edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=paper)
    alpha = np.full(image.shape[:2], 255, np.uint8)
    if cut_eyes:
        for ring in _EYE_RINGS:
            points = mesh[list(ring)] + edge
            centre = points.mean(axis=0)
            wobble = random.uniform(1.05, 1.4, (len(ring), 1))
            hole = np.round(centre + (points - centre) * np.array([1.06, 1.35]) * wobble).astype(np.int32)
            cv2.polylines(image, [hole], True, (236, 234, 230), 2, cv2.LINE_AA)
            cv2.fillPoly(alpha, [hole], 0, cv2.LINE_AA)
    return _in_hand(np.dstack([image, alpha]).astype(np.uint8), size_mm, random, skin)


def eyes_on_print(portrait: Portrait, size_mm: tuple[float, float], eyes_mm: float) -> tuple[float, float]:
    """Return where the middle of the pupils lies from the middle of such a print, millimetres right and down."""
    _, mesh = portrait_crop(portrait, size_mm, eyes_mm, 1.0)
    middle = (mesh[list(RIGHT_EYE)].mean(axis=0) + mesh[list(LEFT_EYE)].mean(axis=0)) / 2
    return float(middle[0] - size_mm[0] / 2), float(middle[1] - size_mm[1] / 2)


def ic_print(
    person: Person, size_mm: tuple[float, float], random: np.random.Generator, skin: Floats | None
) -> tuple[Picture, Picture]:
    """Return the card's own photograph, as its chip holds it, enlarged onto paper."""
    grey = Image.fromarray(person.ic_photo())
    packed = io.BytesIO()
    grey.save(
        packed, "JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[float(random.uniform(9, 18))]
    )
    chip = np.asarray(Image.open(packed).convert("RGB"), np.uint8)
    border = 5.0
    size = (round((size_mm[0] - 2 * border) * _PX_PER_MM), round((size_mm[1] - 2 * border) * _PX_PER_MM))
    scale = max(size[0] / chip.shape[1], size[1] / chip.shape[0])
    large = np.asarray(cv2.resize(chip, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    left, top = (large.shape[1] - size[0]) // 2, (large.shape[0] - size[1]) // 2
    crop = np.ascontiguousarray(large[top : top + size[1], left : left + size[0]])
    edge = round(border * _PX_PER_MM)
    paper = tuple(int(value) for value in random.integers(228, 246, 3))
    image = cv2.copyMakeBorder(printed(crop, random), edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=paper)
    rgba = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]).astype(np.uint8)
    return _in_hand(rgba, size_mm, random, skin)


def device(
    size_mm: tuple[float, float], display: tuple[float, float, float, float], random: np.random.Generator, skin: Floats
) -> tuple[Picture, Picture, tuple[float, float, float, float]]:
    """Return a telephone or tablet in a hand, the thumbs on it, and where its display lies there, millimetres."""
    width, height = round(size_mm[0] * _PX_PER_MM), round(size_mm[1] * _PX_PER_MM)
    image = np.zeros((height, width, 3), np.uint8)
    image[:] = random.choice(np.array([[16, 16, 18], [22, 22, 24], [205, 206, 208], [12, 14, 22]]))
    alpha = _rounded(width, height, round(min(size_mm) * 0.07 * _PX_PER_MM))
    x, y, w, h = (round(value * _PX_PER_MM) for value in display)
    cv2.rectangle(image, (x, y), (x + w, y + h), (5, 5, 6), -1)
    cv2.circle(image, (width // 2, max(2, y // 2)), max(1, round(1.2 * _PX_PER_MM)), (30, 32, 40), -1, cv2.LINE_AA)
    rim = np.asarray(cv2.morphologyEx(alpha, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8)
    image[rim > 0] = 90
    body, thumbs = _in_hand(np.dstack([image, alpha]).astype(np.uint8), size_mm, random, skin)
    return body, thumbs, (display[0] + _SIDE_MM, display[1] + _BELOW_MM, display[2], display[3])


def skin_of(person: Person) -> Floats:
    """Return the colour of a person's cheeks, sRGB (3,)."""
    spots = np.round(person.live.points[[50, 280, 205, 425, 117, 346], :2]).astype(int)
    return np.asarray(np.median(person.live.pixels[spots[:, 1], spots[:, 0]].astype(np.float32), axis=0), np.float32)


def _rounded(width: int, height: int, radius: int) -> NDArray[np.uint8]:
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(mask, (0, radius), (width, height - radius), 255, -1)
    for corner in (
        (radius, radius),
        (width - radius, radius),
        (radius, height - radius),
        (width - radius, height - radius),
    ):
        cv2.circle(mask, corner, radius, 255, -1, cv2.LINE_AA)
    return mask


def _in_hand(
    rgba: NDArray[np.uint8], size_mm: tuple[float, float], random: np.random.Generator, skin: Floats | None
) -> tuple[Picture, Picture]:
    """Return the thing before the hands that hold it, and the thumbs that lie on it; both with the same margins.

    Without ``skin`` nothing holds it.
    """
    side, below = round(_SIDE_MM * _PX_PER_MM), round(_BELOW_MM * _PX_PER_MM)
    big = cv2.copyMakeBorder(rgba, below, below, side, side, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    thing = np.asarray(big, np.uint8)
    back, thumbs = np.zeros_like(thing), np.zeros_like(thing)
    if skin is not None:
        width = thing.shape[1]
        sleeve = (float(random.uniform(40, 110)) + random.uniform(-14, 14, 3)).astype(np.float32)
        narrow = size_mm[0] < 90.0  # a telephone is held at its foot, in one hand, and the thumb keeps off the picture
        hands = (-1, 1) if random.random() < (0.15 if narrow else 0.6) else (int(random.choice([-1, 1])),)
        for hand in hands:
            edge = side if hand < 0 else width - side
            y = below + rgba.shape[0] * float(random.uniform(0.84, 0.97) if narrow else random.uniform(0.62, 0.88))
            reach = min(14.0, 0.1 * size_mm[0])
            _forearm(back, (edge, y), hand, skin, sleeve)
            _thumb(thumbs, (edge - hand * reach * _PX_PER_MM, y - 6.0 * _PX_PER_MM), hand, skin, random)
        inner = (slice(below, -below), slice(side, -side))
        shadow = cv2.GaussianBlur(np.ascontiguousarray(thumbs[inner][..., 3]), (0, 0), 3.0 * _PX_PER_MM) / 255.0
        thing[inner][..., :3] = np.clip(thing[inner][..., :3] * (1 - 0.3 * shadow[..., None]), 0, 255)
    full = (size_mm[0] + 2 * _SIDE_MM, size_mm[1] + 2 * _BELOW_MM)
    back[below:-below, side:-side] = _over(back[below:-below, side:-side], thing[below:-below, side:-side])
    return Picture(back, full), Picture(thumbs, full)


def _over(under: NDArray[np.uint8], upper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay one RGBA picture over another."""
    alpha = upper[..., 3:].astype(np.float32) / 255.0
    colour = upper[..., :3] * alpha + under[..., :3] * (1 - alpha)
    return np.dstack([np.clip(colour, 0, 255), np.maximum(under[..., 3], upper[..., 3])]).astype(np.uint8)


def _paint(
    canvas: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    colour: Floats,
    shades: tuple[float, float],
    *,
    folds: NDArray[np.uint8] | None = None,
    nail: NDArray[np.uint8] | None = None,
) -> None:
    """Paint a limb of this outline in ``shades`` of its colour (edges, middle), with folds and a nail."""
    x, y, w, h = cv2.boundingRect(mask)
    if w == 0 or h == 0:
        return
    where = (slice(max(0, y - 3), y + h + 3), slice(max(0, x - 3), x + w + 3))
    part, outline = canvas[where], np.ascontiguousarray(mask[where])
    depth = cv2.distanceTransform(outline, cv2.DIST_L2, 3)
    share = np.clip(depth / max(1.0, float(depth.max())), 0, 1)
    shade = shades[0] + (shades[1] - shades[0]) * np.sqrt(np.clip(1.0 - (1.0 - share) ** 2, 0, 1))
    if folds is not None:
        shade = shade * (1.0 - 0.4 / 255.0 * folds[where])
    painted = colour * shade[..., None]
    if nail is not None:
        plate = 0.3 / 255.0 * nail[where][..., None]
        painted = painted * (1 - plate) + np.array([240.0, 205.0, 196.0]) * plate
    part[outline > 0, :3] = np.clip(painted, 0, 255)[outline > 0].astype(np.uint8)
    grown = np.asarray(cv2.dilate(outline, np.ones((5, 5), np.uint8)), np.uint8)
    rim = (grown > 0) & (outline == 0) & (part[..., 3] == 0)
    part[rim, :3] = np.asarray(cv2.dilate(np.ascontiguousarray(part[..., :3]), np.ones((5, 5), np.uint8)))[rim]
    part[..., 3] = np.maximum(part[..., 3], np.asarray(cv2.GaussianBlur(outline, (0, 0), 0.8), np.uint8))


def _forearm(canvas: NDArray[np.uint8], at: tuple[float, float], hand: int, skin: Floats, sleeve: Floats) -> None:
    """Draw fist and forearm that come from below and outside to the edge of the thing at ``at`` pixels."""
    height = canvas.shape[0]
    unit = _PX_PER_MM
    fist = (round(at[0] + hand * 6 * unit), round(at[1] + 6 * unit))
    wrist = (round(at[0] + hand * 24 * unit), round(at[1] + 70 * unit))
    elbow = (round(at[0] + hand * 42 * unit), round(height + 60 * unit))
    limb, arm, folds = (np.zeros(canvas.shape[:2], np.uint8) for _ in range(3))
    cv2.ellipse(limb, fist, (round(24 * unit), round(36 * unit)), -12 * hand, 0, 360, 255, -1, cv2.LINE_AA)
    cv2.line(limb, fist, wrist, 255, round(44 * unit), cv2.LINE_AA)
    cv2.line(arm, (wrist[0], wrist[1] + round(18 * unit)), elbow, 255, round(64 * unit), cv2.LINE_AA)
    for knuckle in range(4):  # shadows between the fingers
        y = fist[1] + round((-22 + 14 * knuckle) * unit)
        begin, end = (fist[0] + hand * round(2 * unit), y), (fist[0] - hand * round(24 * unit), y + round(2 * unit))
        cv2.line(folds, begin, end, 255, max(1, round(0.8 * unit)), cv2.LINE_AA)
    _paint(canvas, limb, skin, (0.42, 0.92), folds=folds)
    _paint(canvas, arm, sleeve, (0.84, 1.24))


def _thumb(
    canvas: NDArray[np.uint8], tip: tuple[float, float], hand: int, skin: Floats, random: np.random.Generator
) -> None:
    """Draw a thumb from the fist outside (``hand`` -1 left, 1 right) onto the thing, its ball at ``tip`` pixels."""
    unit = _PX_PER_MM
    slope = float(random.uniform(0.25, 0.7))
    root = (round(tip[0] + hand * 26 * unit), round(tip[1] + slope * 26 * unit))
    mask, nail = (np.zeros(canvas.shape[:2], np.uint8) for _ in range(2))
    cv2.line(mask, (round(tip[0]), round(tip[1])), root, 255, round(17 * unit), cv2.LINE_AA)
    turn = float(np.degrees(np.arctan2(slope, hand)))
    middle = (round(tip[0] + hand * 0.5 * unit), round(tip[1] + 0.5 * slope * unit))
    cv2.ellipse(nail, middle, (round(6.5 * unit), round(5 * unit)), turn, 0, 360, 255, -1, cv2.LINE_AA)
    _paint(canvas, mask, skin, (0.42, 0.92), nail=nail)
