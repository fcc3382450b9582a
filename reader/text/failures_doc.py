"""Generates docs/failures.md from the failure table: ``python -m reader.text.failures_doc [--check]``."""

from __future__ import annotations

import argparse
import sys
from itertools import groupby
from pathlib import Path
from typing import Final

from reader.session.failures import TRAITS, Failure
from reader.text.catalogue import BREAK
from reader.text.failures import FALLBACKS, FailureText, load_failures

PAGE: Final = Path("docs/failures.md")
GROUPS: Final = {
    "K1": "カード",
    "K2": "顔",
    "K3": "暗証番号",
    "K4": "カードの券面",
    "K5": "通信と保存",
    "K6": "部品",
    "K7": "手続き",
    "K9": "プログラム",
}


def render() -> str:
    """Return the page."""
    lines = [
        "# 困ったときの表",
        "",
        "画面の下に小さく出る番号（K101など）で引きます。番号は kaopi のものです。「公式」は、同じことを表す、",
        "メーカー共通の番号です。この頁は `reader/text/failures.toml` から作られます。直すときは、そちらを直します。",
        "",
        "## 資格を確かめられないとき",
        "",
        *(f"{number}. {way}" for number, way in enumerate(FALLBACKS, 1)),
        "",
    ]
    texts = load_failures()
    for group, failures in groupby(Failure, key=lambda failure: failure.value[:2]):
        lines += [f"## {GROUPS[group]}（{group}xx）", ""]
        for failure in failures:
            lines += _entry(failure, texts[failure])
    return "\n".join(lines).rstrip() + "\n"


def _entry(failure: Failure, text: FailureText) -> list[str]:
    traits = TRAITS[failure]
    notes = [f"公式 {traits.official}"] if traits.official else []
    notes += ["もう一度できる"] if traits.retry else []
    notes += ["職員が要る"] if traits.staff else []
    lines = [f"### {failure.value} {text.staff}", ""]
    if notes:
        lines += ["、".join(notes), ""]
    shown = f"{text.headline} / {text.body}".replace(BREAK, "")
    lines += [f"- 画面: {shown}", f"- 声: {text.say}", "- 手当て:"]
    lines += [f"  {number}. {step}" for number, step in enumerate(text.remedy, 1)]
    if text.fallbacks:
        lines.append("- だめなら: [資格を確かめられないとき](#資格を確かめられないとき)")
    return [*lines, ""]


def main() -> int:
    """Write the page, or check that it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the page is out of date")
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    page = render()
    if arguments.check:
        if arguments.page.is_file() and arguments.page.read_text(encoding="utf-8") == page:
            return 0
        print(f"{arguments.page} is out of date: run python -m reader.text.failures_doc", file=sys.stderr)  # noqa: T201
        return 1
    arguments.page.parent.mkdir(parents=True, exist_ok=True)
    arguments.page.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
