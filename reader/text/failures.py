"""The failure table: for every failure what the patient reads and hears, what staff read, and what helps."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from reader.session.failures import Failure

#: The ministry's fall-backs for "cannot verify", in its order.
FALLBACKS: Final = (
    "予備の顔認証付きカードリーダー、汎用カードリーダーがあれば使う",
    "マイナポータルの「資格情報画面」（スマートフォン、または保存したPDF）を見せてもらう",
    "資格確認書、または有効な保険証を見せてもらう",
    "大きな障害や災害のときは、システム障害時モードで資格を調べる",
    "どれもできないときは、被保険者資格申立書を書いてもらう",
)


@dataclass(frozen=True, slots=True)
class FailureText:
    """One failure in words.

    name: the enum name in lower case. kind: which translated sentence serves for it.
    headline, body: on the screen, with ``|`` marks. say: spoken. staff: what
    happened, for staff. remedy: what to do, most likely help first. fallbacks: whether FALLBACKS apply.
    """

    name: str
    kind: str
    headline: str
    body: str
    say: str
    staff: str
    remedy: tuple[str, ...]
    fallbacks: bool


@cache
def load_failures() -> MappingProxyType[Failure, FailureText]:
    """Read the table. Raises KeyError naming a failure without words, or a table without a failure."""
    raw = resources.files(__package__).joinpath("failures.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)
    found: dict[Failure, FailureText] = {}
    for failure in Failure:
        name = failure.name.lower()
        row = table.pop(name, None)
        if row is None:
            raise KeyError(f"failures.toml has no words for {failure.name} ({failure.value}): add a [{name}] table")
        found[failure] = FailureText(
            name,
            row["kind"],
            row["headline"],
            row["body"],
            row["say"],
            row["staff"],
            tuple(row["remedy"]),
            row.get("fallbacks", False),
        )
    if table:
        raise KeyError(f"failures.toml describes unknown failures: {', '.join(sorted(table))}")
    return MappingProxyType(found)
