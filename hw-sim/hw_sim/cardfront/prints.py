"""Flat specimen prints, front and back, in a layout of our own after the public description of the card.

ID-1 (ISO/IEC 7810): 85.60 x 53.98 mm, corner radius 3.18 mm. Front: name and address above, photo at the left with
a 16-character serial number and the 4-digit security code on one line below it, dates beside it. Back: stripe,
contacts, QR code, twelve digits.
"""

from __future__ import annotations

import random
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from hw_sim.cardfront.content import FrontContent, impossible_number
from hw_sim.cardfront.fonts import DIGIT_FACES, TEXT_FACES, face

CARD_MM = (85.60, 53.98)
PX_PER_MM = 20.0
SIZE = (round(CARD_MM[0] * PX_PER_MM), round(CARD_MM[1] * PX_PER_MM))
INK = (38, 36, 40)

Pixels = NDArray[np.uint8]


def _mm(value: float) -> int:
    return round(value * PX_PER_MM)


@lru_cache(maxsize=4)
def _guilloche(variant: int) -> Pixels:
    """Pastel ground with fine security lines and a rainbow (彩紋) shift, uint8 RGB (H, W, 3)."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = x / width, y / height
    tints = np.array([[248, 226, 232], [236, 232, 246], [228, 240, 232], [246, 240, 226]], np.float32)
    tints = np.roll(tints, variant, axis=0)
    place = np.clip((u * 0.8 + v * 0.2) * 3, 0, 2.999)
    low = place.astype(np.int32)
    part = (place - low)[..., None]
    ground = tints[low] * (1 - part) + tints[low + 1] * part
    rng = np.random.default_rng(variant)
    for pitch, swing, depth in ((0.55, 1.6, 13.0), (0.8, 2.6, 10.0), (1.15, 4.0, 9.0)):
        phase, waves = rng.uniform(0, 6.28), rng.uniform(2, 5)
        bend = swing * PX_PER_MM * np.sin(2 * np.pi * waves * u + phase + 1.5 * np.sin(4 * v))
        line = np.cos(2 * np.pi * (y + bend) / (pitch * PX_PER_MM))
        strength = np.clip(line * 3.0 - 2.0, 0, 1)[..., None]
        ground -= strength * depth * np.array([0.5, 1.0, 0.7], np.float32)
    rosette = np.hypot(x - width * 0.72, (y - height * 0.55) * 1.1)
    angle = np.arctan2(y - height * 0.55, x - width * 0.72)
    rings = np.cos(rosette / (0.45 * PX_PER_MM) + 5 * np.sin(9 * angle))
    ground -= (np.clip(rings * 3 - 2, 0, 1) * 9 * np.exp(-((rosette / (16 * PX_PER_MM)) ** 4)))[..., None]
    return np.asarray(np.clip(ground, 0, 255), np.uint8)


def _round_mask() -> Pixels:
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), radius=_mm(3.18), fill=255)
    return np.asarray(mask)


CARD_MASK: Pixels = _round_mask()


def _silhouette(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """A neutral drawn head and shoulders: nobody."""
    width, height = size
    shade = rng.randint(200, 226)
    picture = Image.new("RGB", size, (shade - 8, shade, shade + 8))
    draw = ImageDraw.Draw(picture)
    skin = rng.choice(((214, 186, 166), (222, 196, 176), (200, 172, 150), (205, 205, 205)))
    coat = rng.choice(((60, 66, 88), (96, 70, 70), (70, 92, 78), (130, 130, 136), (40, 40, 44)))
    hair = rng.choice(((34, 30, 30), (60, 50, 44), (150, 148, 146)))
    middle = width // 2
    draw.ellipse((width * 0.05, height * 0.72, width * 0.95, height * 1.4), fill=coat)
    draw.rectangle((middle - width * 0.11, height * 0.58, middle + width * 0.11, height * 0.78), fill=skin)
    draw.ellipse((middle - width * 0.28, height * 0.13, middle + width * 0.28, height * 0.62), fill=hair)
    draw.ellipse((middle - width * 0.23, height * 0.2, middle + width * 0.23, height * 0.68), fill=skin)
    return picture


def print_front(content: FrontContent, seed: int, portrait: Pixels | None = None) -> Pixels:
    """Print a front, uint8 RGB (1080, 1712, 3). ``portrait``: uint8 RGB of any size, else a silhouette."""
    rng = random.Random(f"print {seed}")
    card = Image.fromarray(_guilloche(rng.randrange(4)))
    draw = ImageDraw.Draw(card)
    text = rng.choice(TEXT_FACES)
    digits = rng.choice(DIGIT_FACES)
    dx, dy = rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5)  # printing tolerance
    grow = rng.uniform(0.95, 1.06)
    ink = tuple(c + rng.randint(-12, 22) for c in INK)

    def write(x: float, y: float, height: float, words: str, font: str = text, fill: tuple[int, ...] = ink) -> float:
        """Write at (x, y) mm with ``height`` mm type; return the right edge in mm."""
        used = face(font, max(8, _mm(height * grow)))
        at = (_mm(x + dx), _mm(y + dy))
        draw.text(at, words, font=used, fill=fill)
        return x + draw.textlength(words, font=used) / PX_PER_MM

    pale = (112, 104, 124)
    write(3.6, 3.9, 1.7, "氏名", fill=pale)
    write(9.0, 2.9, 3.3, content.name)
    write(3.6, 9.4, 1.7, "住所", fill=pale)
    for line, words in enumerate(content.address):
        write(9.0, 8.2 + 3.2 * line, 2.35, words)
    draw.line((_mm(3.4), _mm(7.4), _mm(57), _mm(7.4)), fill=(196, 180, 200), width=2)
    draw.line((_mm(3.4), _mm(15.2), _mm(57), _mm(15.2)), fill=(196, 180, 200), width=2)
    write(62.5, 3.4, 2.5, "個人番号カード", fill=(150, 60, 104))
    write(66.5, 6.8, 1.6, "見本 SPECIMEN", fill=(176, 96, 132))
    draw.ellipse((_mm(58.6), _mm(3.2), _mm(61.6), _mm(6.2)), outline=(176, 96, 132), width=3)
    panel = (_mm(58.5), _mm(10.5), _mm(82.5), _mm(24.5))  # サインパネル
    draw.rectangle(panel, fill=(244, 244, 242), outline=(200, 196, 204))
    for line in range(1, 4):
        y = panel[1] + line * (panel[3] - panel[1]) // 4
        draw.line((panel[0], y, panel[2], y), fill=(214, 210, 216), width=1)

    end = write(28.0, 18.6, 2.7, content.birth_text)
    if end < 48:
        write(50.5, 18.8, 1.7, "性別", fill=pale)
        write(54.2, 18.6, 2.7, content.sex)
    write(28.0, 23.4, 2.7, content.expiry_text)
    write(28.0, 28.4, 2.5, rng.choice(("見本市長", "例示都標本区長", "試験市長", "例示町長")))
    write(28.0, 34.2, 1.6, "電子証明書の有効期限", fill=pale)
    draw.rectangle((_mm(44.5), _mm(33.2), _mm(66), _mm(37.2)), fill=(246, 246, 244), outline=(200, 196, 204))
    write(49.5, 34.4, 1.6, "年", fill=pale)
    write(55.5, 34.4, 1.6, "月", fill=pale)
    write(61.5, 34.4, 1.6, "日", fill=pale)
    if rng.random() < 0.5:  # filled in by hand at the counter
        for x, words in ((45.2, str(2026 + rng.randint(0, 4))), (52.8, str(rng.randint(1, 12))), (58.2, "17")):
            write(x, 33.6 + rng.uniform(-0.3, 0.3), 2.5, words, font="ipaex", fill=(40, 48, 120))
    write(37.5, 40.2, 1.25, "＜臓器提供意思＞　提供したくない臓器があれば×をつけてください。", fill=pale)
    write(37.5, 42.4, 1.25, "１．脳死後及び心停止後　２．心停止後のみ　３．提供しません", fill=pale)
    write(37.5, 44.6, 1.25, "［心臓・肺・肝臓・腎臓・膵臓・小腸・眼球］", fill=pale)
    draw.line((_mm(37.5), _mm(50.6), _mm(80), _mm(50.6)), fill=(190, 184, 196), width=2)
    write(37.5, 48.6, 1.25, "署名年月日　　　　　　　　署名", fill=pale)

    box = (_mm(4.0), _mm(17.0), _mm(25.2), _mm(44.4))
    size = (box[2] - box[0], box[3] - box[1])
    picture = _silhouette(rng, size) if portrait is None else Image.fromarray(portrait).convert("RGB").resize(size)
    card.paste(picture, box[:2])
    tall = 1.85 if digits == "ocrb" else 2.0
    end = write(4.0, 46.6, tall, content.serial, font=digits)
    write(end + 1.9, 46.6, tall, content.code, font=digits)
    return np.asarray(card)


def print_back(seed: int) -> Pixels:
    """Print a back, uint8 RGB (1080, 1712, 3), with an impossible number as digits and QR code."""
    rng = random.Random(f"back {seed}")
    card = Image.fromarray(_guilloche(rng.randrange(4)))
    draw = ImageDraw.Draw(card)
    text = rng.choice(TEXT_FACES)
    number = impossible_number(seed)
    if rng.random() < 0.75:  # magnetic stripe
        draw.rectangle((0, _mm(4.2), SIZE[0], _mm(16.8)), fill=(44, 40, 40))
    contacts = (_mm(9.2), _mm(19.4), _mm(21.4), _mm(29.6))
    draw.rounded_rectangle(contacts, radius=_mm(1.5), fill=(206, 178, 104), outline=(140, 116, 60))
    for part in (1, 2):
        x = contacts[0] + part * (contacts[2] - contacts[0]) // 3
        draw.line((x, contacts[1], x, contacts[3]), fill=(140, 116, 60), width=3)
    draw.line((contacts[0], _mm(24.5), contacts[2], _mm(24.5)), fill=(140, 116, 60), width=3)
    draw.text((_mm(26), _mm(20)), "個人番号", font=face(text, _mm(2.0)), fill=(112, 104, 124))
    grouped = f"{number[:4]} {number[4:8]} {number[8:]}"
    draw.text((_mm(26), _mm(23)), grouped, font=face("ocrb", _mm(4.0)), fill=INK)
    draw.text((_mm(26), _mm(30)), "氏名　見本　花子", font=face(text, _mm(2.6)), fill=INK)
    draw.text((_mm(26), _mm(34.5)), "平成元年 3月31日生", font=face(text, _mm(2.6)), fill=INK)
    draw.text((_mm(9), _mm(44)), "見本 SPECIMEN", font=face(text, _mm(2.4)), fill=(176, 96, 132))
    code = cv2.QRCodeEncoder.create().encode(number)
    side = _mm(rng.uniform(11.0, 14.0))
    code = cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST)
    card.paste(Image.fromarray(code), (_mm(67), _mm(33)))
    return np.asarray(card)
