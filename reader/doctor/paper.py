"""The bring-up report as an A4 PDF with lines to sign on: drawn at 200 dpi with the screens' own typeface.

Drawn, because a device has a picture library and no browser. Whoever wants to search or to copy text takes the HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from reader.config.schema import KaopiConfig
from reader.doctor.finding import Check, Finding, Outcome
from reader.doctor.page import HOW, OUTCOMES
from reader.doctor.report import Found, worst

_DPI = 200
_PAGE_MM = (210.0, 297.0)
_MARGIN_MM, _PAD_MM, _LINE_MM = 14.0, 1.2, 4.6
_COLUMNS_MM = (17.0, 46.0, 15.0, 104.0)  # outcome, what, how, detail and remedy
_TEXT_MM, _TITLE_MM = 3.5, 5.6
_INK, _RULE = (26, 26, 26), (118, 118, 118)
_TINTS = {Outcome.FAIL: (255, 231, 230), Outcome.WARN: (255, 245, 214)}
_SIGN_MM = 24.0
_LATIN, _NEVER_FIRST, _NEVER_LAST = 0x2FF, "、。，．・：）」』ー々！？", "（「『"


def _px(mm: float) -> int:
    return round(mm * _DPI / 25.4)


@cache
def _font(mm: float) -> ImageFont.FreeTypeFont:
    with as_file(files("reader.screen") / "fonts" / "japanese-regular.ttf") as file:
        return ImageFont.truetype(file, _px(mm))


def wrapped(text: str, width_mm: float) -> list[str]:
    """Return ``text`` in lines at most ``width_mm`` wide. Japanese breaks anywhere; Latin words that fit stay whole."""
    font, width = _font(_TEXT_MM), _px(width_mm)
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for piece in _pieces(paragraph):
            if line and font.getlength(line + piece) > width:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
            while font.getlength(line) > width:  # a path longer than the column
                fits = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or font.getlength(line[:n]) <= width)
                lines.append(line[:fits])
                line = line[fits:]
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> Iterator[str]:
    """Split where a line may break: after a blank and beside Japanese, but never before what ends a clause (禁則)."""
    piece = ""
    for character in text:
        breaks = piece.endswith(" ") or ord(character) > _LATIN or ord(piece[-1:] or " ") > _LATIN
        if piece and breaks and character not in _NEVER_FIRST and piece[-1] not in _NEVER_LAST:
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


class _Paper:
    """A4 sheets, filled from the top."""

    def __init__(self) -> None:
        self.sheets: list[Image.Image] = []
        self._turn()

    def _turn(self) -> None:
        self._sheet = Image.new("RGB", (_px(_PAGE_MM[0]), _px(_PAGE_MM[1])), "white")
        self._draw = ImageDraw.Draw(self._sheet)
        self._y = _MARGIN_MM
        self.sheets.append(self._sheet)

    def room(self, height_mm: float) -> None:
        """Turn the page unless ``height_mm`` are left on this one."""
        if self._y + height_mm > _PAGE_MM[1] - _MARGIN_MM:
            self._turn()

    def text(self, text: str, x_mm: float, y_mm: float, size_mm: float = _TEXT_MM) -> None:
        """Write at a place of the sheet."""
        self._draw.text((_px(x_mm), _px(y_mm)), text, _INK, _font(size_mm))

    def line(self, text: str, size_mm: float = _TEXT_MM) -> None:
        """Write lines as wide as the sheet allows."""
        if size_mm != _TEXT_MM:
            self.text(text, _MARGIN_MM, self._y, size_mm)
            self._y += size_mm * 1.6
            return
        for part in wrapped(text, sum(_COLUMNS_MM)):
            self.text(part, _MARGIN_MM, self._y)
            self._y += _LINE_MM

    def row(self, cells: Iterable[str], tint: tuple[int, int, int] | None = None) -> None:
        """Write a row of the table; it is never torn over two sheets."""
        parts = [wrapped(cell, width - 2 * _PAD_MM) for cell, width in zip(cells, _COLUMNS_MM, strict=True)]
        height = max(map(len, parts)) * _LINE_MM + 2 * _PAD_MM
        self.room(height)
        x = _MARGIN_MM
        for lines, width in zip(parts, _COLUMNS_MM, strict=True):
            box = (_px(x), _px(self._y), _px(x + width), _px(self._y + height))
            self._draw.rectangle(box, fill=tint, outline=_RULE, width=2)
            for number, part in enumerate(lines):
                self.text(part, x + _PAD_MM, self._y + _PAD_MM + number * _LINE_MM)
            x += width
        self._y += height

    def signatures(self, *who: str) -> None:
        """Leave lines to sign on."""
        self.room(_SIGN_MM)
        width = sum(_COLUMNS_MM) / len(who)
        y = self._y + _SIGN_MM - 2 * _LINE_MM
        for number, name in enumerate(who):
            x = _MARGIN_MM + number * width
            self._draw.line((_px(x), _px(y), _px(x + width - 8), _px(y)), _INK, 3)
            self.text(name, x, y + 1)
        self._y += _SIGN_MM

    def number(self) -> None:
        """Say on each sheet which of how many it is."""
        for index, sheet in enumerate(self.sheets, 1):
            place = (_px(_PAGE_MM[0] / 2), _px(_PAGE_MM[1] - 9))
            ImageDraw.Draw(sheet).text(place, f"{index} / {len(self.sheets)}", _INK, _font(_TEXT_MM), anchor="mm")


def _cells(check: Check, finding: Finding) -> tuple[str, str, str, str]:
    what = [finding.detail] if finding.detail else []
    if finding.remedy is not None:
        what += [f"→ {finding.remedy.ja}", f"   {finding.remedy.en}"]
    return OUTCOMES[finding.outcome], f"{check.title.ja}\n{check.title.en}", HOW[check.how], "\n".join(what)


def save(found: Iterable[Found], config: KaopiConfig, at: datetime, target: Path) -> None:
    """Write the report to ``target``. at: local time, with its zone. Raises OSError."""
    found = list(found)
    paper = _Paper()
    paper.line("kaopi 点検記録 / bring-up report", _TITLE_MM)
    paper.line(f"医療機関　{config.site.clinic_name}")
    paper.line(f"端末　　　{config.site.site_id} / {config.site.kiosk_id}")
    paper.line(f"日時　　　{at.strftime('%Y-%m-%d %H:%M %Z')}　　版　{version('kaopi')}")
    paper.line(f"判定　　　{OUTCOMES[worst(found)]}")
    paper.line(" ")
    paper.row(("結果", "項目", "方法", "内容と対処"))
    for check, finding in found:
        paper.row(_cells(check, finding), _TINTS.get(finding.outcome))
    paper.signatures("点検者", "医療機関")
    paper.number()
    first, *rest = paper.sheets
    first.save(target, "PDF", resolution=_DPI, save_all=True, append_images=rest, title="kaopi 点検記録")
