"""Writes docs/bench/README.md and the figures in both READMEs from the committed baseline."""

from __future__ import annotations

import sys
from pathlib import Path

from generated_page import write_or_check
from hw_sim.bench.readme import ENGLISH, JAPANESE, block, page, with_block
from hw_sim.bench.result import read

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "docs" / "bench" / "baseline.json"


def main(arguments: list[str]) -> int:
    """Write or check the three documents; return 1 when one differs or there is no baseline."""
    result = read(BASELINE)
    if result is None:
        print("there is no docs/bench/baseline.json: `make baseline` makes it")  # noqa: T201 - this is a command
        return 1
    wrong = write_or_check(BASELINE.with_name("README.md"), page(result), arguments)
    for readme, language in ((ROOT / "README.md", ENGLISH), (ROOT / "README.ja.md", JAPANESE)):
        text = with_block(readme.read_text("utf-8"), block(result, language))
        wrong = write_or_check(readme, text, arguments) or wrong
    return wrong


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
