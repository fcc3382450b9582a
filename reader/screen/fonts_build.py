"""Builds the shipped fonts: fetches pinned OFL packages from npm, keeps the characters kaopi needs, writes TTF.

``python -m reader.screen.fonts_build`` rebuilds; ``--check`` needs no network: it fails when a committed file was
changed by hand or no longer holds every character of the catalogue. Needs the dev dependencies and npm.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from reader.screen.fonts import STEMS, font_file
from reader.text import BREAK, LANGUAGES, SOURCE, Catalogue

FOLDER: Final = Path(__file__).parent / "fonts"
MANIFEST: Final = FOLDER / "manifest.json"
CACHE: Final = Path(".cache/fonts")
WEIGHTS: Final = {"regular": "400", "bold": "700"}
VERSION: Final = "5.3.0"


@dataclass(frozen=True, slots=True)
class Source:
    """One npm package. slices: glob patterns of its WOFF2 files, first come first used; {w} is the weight."""

    package: str
    integrity: str
    slices: tuple[str, ...]
    shapes: bool = False  # keeps the tables that HarfBuzz needs


SOURCES: Final = {
    "japanese": Source(
        "@fontsource/biz-udpgothic",
        "sha512-uBcdaC2/Bg7GEhzWSb2REs8azL1ys+KpI8TmPnJa2xtaD8DVMgsRbtIcEss8xjN5KRtp8E0+LFbG43FhkWZdPw==",
        ("biz-udpgothic-japanese-{w}-normal.woff2", "biz-udpgothic-[0-9]*-{w}-normal.woff2"),
    ),
    "latin": Source(
        "@fontsource/noto-sans",
        "sha512-fBCog2PY7DiVVTEEqtI/Qdinx/knobHYfoGpjFXdfBX5RoJaBp1Prw2G75p0OIsdlMZg3cLo0c+YbIUYOxnQJw==",
        (
            "noto-sans-latin-{w}-normal.woff2",
            "noto-sans-latin-ext-{w}-normal.woff2",
            "noto-sans-vietnamese-{w}-normal.woff2",
        ),
    ),
    "devanagari": Source(
        "@fontsource/noto-sans-devanagari",
        "sha512-7khYmipS/5KAUUmrO1DKir8yL8XI00d0+ZE9BqbS8XF1jzObv6CpPOk3UeYxF+Pvi8bx9bBvprBCOcbx/eQWTQ==",
        (
            "noto-sans-devanagari-devanagari-{w}-normal.woff2",
            "noto-sans-devanagari-latin-{w}-normal.woff2",
        ),
        shapes=True,
    ),
    "korean": Source(
        "@fontsource/noto-sans-kr",
        "sha512-/JnpTjaCOXW7xUoqOyCVYSr05VOkDy5Yla9O+WAEiS7u+yYLsmHoqj6v1W0bf91G8G3XA2+NnRS3CX2Tf/FVZg==",
        ("noto-sans-kr-korean-{w}-normal.woff2",),
    ),
    "chinese-simplified": Source(
        "@fontsource/noto-sans-sc",
        "sha512-HeqIlGm0+ohOKxZLuHj1qW6r6avHH0OWdKERAcSDI0RQ+MXrteuLKA+M+5eOA8rYy0MFvOR5AT0fQo2rUkye0Q==",
        ("noto-sans-sc-chinese-simplified-{w}-normal.woff2",),
    ),
    "chinese-traditional": Source(
        "@fontsource/noto-sans-tc",
        "sha512-+0MguVH2vIxkVJLiaMHVKHk+yJZmZvMU9d8z88JdUx8C2CgMLOtm7WNloi3HYlvCNy7TpuvjIUvh5iiGp6INxQ==",
        ("noto-sans-tc-chinese-traditional-{w}-normal.woff2", "noto-sans-tc-[0-9]*-{w}-normal.woff2"),
    ),
}


def catalogue_characters(stem: str, catalogue: Catalogue) -> frozenset[str]:
    """Every character that the languages of this font show."""
    found: set[str] = set(map(chr, range(0x20, 0x7F)))
    for tag, language in catalogue.languages.items():
        own = SOURCE if tag.startswith(SOURCE) else tag
        if STEMS[own] == stem:
            found.update("".join(language.texts.values()) + language.name)
    return frozenset(found - set(BREAK + "\n"))


def wanted_characters(stem: str, weight: str, catalogue: Catalogue) -> frozenset[str]:
    """The catalogue's characters; the regular Japanese font holds all of Windows-31J, for names nobody foresaw."""
    wanted = set(catalogue_characters(stem, catalogue))
    if stem == "japanese":
        wanted.update(_kana())
        if weight == "regular":
            wanted.update(_windows_31j())
    return frozenset(wanted)


def _kana() -> Iterable[str]:
    return map(chr, (*range(0x3041, 0x3097), *range(0x30A1, 0x30FD), *range(0xFF01, 0xFF5F)))


def _windows_31j() -> set[str]:
    """Every character of code page 932: JIS level 1 and 2 with the NEC and IBM extensions (髙, 﨑, ①, ㈱)."""
    found = set()
    for first in (*range(0x81, 0xA0), *range(0xE0, 0xFD)):
        for second in range(0x40, 0xFD):
            try:
                found.add(bytes((first, second)).decode("cp932"))
            except UnicodeDecodeError:
                continue
    return {char for char in found if len(char) == 1 and ord(char) >= 0xA0 and not 0xE000 <= ord(char) < 0xF900}


def fetch(source: Source, cache: Path = CACHE) -> Path:
    """Return the package's tarball, from the cache or by npm. Raises ValueError when it is not the pinned one."""
    cache.mkdir(parents=True, exist_ok=True)
    name = source.package.removeprefix("@").replace("/", "-") + f"-{VERSION}.tgz"
    if not (cache / name).is_file():
        print(f"fetching {source.package} {VERSION}")  # noqa: T201
        subprocess.run(["npm", "pack", "-s", f"{source.package}@{VERSION}"], cwd=cache, check=True, capture_output=True)
    digest = "sha512-" + base64.b64encode(hashlib.sha512((cache / name).read_bytes()).digest()).decode()
    if digest != source.integrity:
        raise ValueError(f"{name} is not the pinned package ({digest}); delete it and try again")
    return cache / name


def build(catalogue: Catalogue, cache: Path = CACHE) -> None:
    """Write every font, its licence and the manifest."""
    files: dict[str, Any] = {}
    for stem, source in SOURCES.items():
        with tarfile.open(fetch(source, cache)) as archive:
            licence = archive.extractfile("package/LICENSE")
            assert licence is not None
            (FOLDER / f"OFL-{stem}.txt").write_bytes(licence.read())
            for weight, number in WEIGHTS.items():
                wanted = wanted_characters(stem, weight, catalogue)
                data = _subset(archive, source, number, wanted)
                (FOLDER / f"{stem}-{weight}.ttf").write_bytes(data)
                files[f"{stem}-{weight}.ttf"] = {
                    "package": f"{source.package}@{VERSION}",
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "bytes": len(data),
                }
                print(f"{stem}-{weight}.ttf {len(data) / 1024:.0f} KiB")  # noqa: T201
    MANIFEST.write_text(json.dumps(files, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _subset(archive: tarfile.TarFile, source: Source, number: str, wanted: frozenset[str]) -> bytes:
    """Take the wanted characters from the slices in order, and merge what was taken."""
    from fontTools.merge import Merger  # type: ignore[import-untyped]
    from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    left = {ord(char) for char in wanted}
    parts: list[bytes] = []
    for name in _slices(archive.getnames(), source, number):
        member = archive.extractfile(name)
        assert member is not None
        font = TTFont(io.BytesIO(member.read()), recalcTimestamp=False)
        take = left & set(font.getBestCmap())
        if not take:
            continue
        left -= take
        options = Options()
        options.hinting = False
        options.notdef_outline = True
        options.layout_features = ["*"] if source.shapes else []
        options.drop_tables += ["vhea", "vmtx"] if source.shapes else ["vhea", "vmtx", "GSUB", "GPOS", "GDEF"]
        options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=take)
        subsetter.subset(font)
        font.flavor = None
        buffer = io.BytesIO()
        font.save(buffer)
        parts.append(buffer.getvalue())
        if not left:
            break
    if len(parts) == 1:
        return parts[0]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for index, part in enumerate(parts):
            path = Path(folder) / f"{index}.ttf"
            path.write_bytes(part)
            paths.append(str(path))
        merged = Merger().merge(paths)
        # Merging stamps the present; a build must come out the same tomorrow.
        merged["head"].created = merged["head"].modified = 3_500_000_000
        merged.recalcTimestamp = False
        buffer = io.BytesIO()
        merged.save(buffer)
        return buffer.getvalue()


def _slices(names: Iterable[str], source: Source, number: str) -> list[str]:
    """Return the member names that match the patterns, in the order of the patterns."""
    found: list[str] = []
    known = sorted(names)
    for pattern in source.slices:
        wanted = "package/files/" + pattern.replace("{w}", number)
        found += [name for name in known if Path(name).match(wanted) and name not in found]
    return found


@cache
def characters(path: Path) -> frozenset[int]:
    """Return the code points a font file can draw (its cmap; SDL_ttf does not tell a missing glyph from a box)."""
    from fontTools.ttLib import TTFont

    return frozenset(TTFont(path, lazy=True).getBestCmap())


def missing_glyphs(text: str, language: str, bold: bool) -> frozenset[str]:
    """Return the characters the shipped font of this language cannot draw."""
    known = characters(font_file(language, bold))
    return frozenset(char for char in text if ord(char) not in known)


def problems(catalogue: Catalogue) -> list[str]:
    """Return what is wrong with the committed fonts, in words; empty when all is well. Needs no network."""
    found: list[str] = []
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    for stem in SOURCES:
        for weight in WEIGHTS:
            name = f"{stem}-{weight}.ttf"
            path = FOLDER / name
            if not path.is_file() or name not in manifest:
                found.append(f"{name} is missing: run python -m reader.screen.fonts_build")
                continue
            if hashlib.sha256(path.read_bytes()).hexdigest() != manifest[name]["sha256"]:
                found.append(f"{name} differs from its manifest: run python -m reader.screen.fonts_build")
        if not (FOLDER / f"OFL-{stem}.txt").is_file():
            found.append(f"the licence of {stem} is missing")
    for tag in LANGUAGES:
        needed = "".join(sorted(catalogue_characters(STEMS[tag], catalogue)))
        for weight in WEIGHTS:
            missing = missing_glyphs(needed, tag, weight == "bold")
            if missing:
                found.append(f"{STEMS[tag]}-{weight}.ttf lacks {''.join(sorted(missing))}: rebuild the fonts")
    return found


def main() -> int:
    """Rebuild, or check what is committed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only check the committed files")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where downloaded packages are kept")
    arguments = parser.parse_args()
    catalogue = Catalogue.load()
    if not arguments.check:
        build(catalogue, arguments.cache)
    wrong = problems(catalogue)
    for line in wrong:
        print(line, file=sys.stderr)  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
