"""Whoever stands before a refused kiosk reads why, and what to do, in Japanese: for every complaint there is."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from reader.config.load import ConfigError, Problem, load
from reader.config.wrong import _ANY, _OF_PYDANTIC, Wrong, in_japanese
from reader.provision.schema import Network
from reader.screen.fonts_build import missing_glyphs

READER = Path(__file__).resolve().parents[2] / "reader"
SOURCES = sorted([*(READER / "config").glob("*.py"), *(READER / "provision").glob("*.py")])


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Return every call of ``name`` in the checks, with its place."""
    return [
        (f"{source.name}:{node.lineno}", node)
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def test_every_complaint_has_a_japanese_sentence() -> None:
    assert len(calls("Problem")) > 10
    assert [place for place, call in calls("Problem") if len(call.args) < 6 and call.args] == []


def test_no_rule_of_ours_speaks_english_alone() -> None:
    assert len(calls("Wrong")) > 10
    told = {"schema.py"}
    assert [place for place, _ in calls("ValueError") if place.split(":")[0] in told] == []


def test_every_sentence_ends_as_one_and_can_be_drawn() -> None:
    said = [
        part.value
        for source in SOURCES
        for part in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and any("ぁ" <= c <= "ん" for c in part.value)
    ]
    assert len(said) > 40
    assert {sentence: missing for sentence in said if (missing := missing_glyphs(sentence, "ja", False))} == {}


@pytest.mark.parametrize(
    ("text", "japanese"),
    [
        ("[site]\nclinic_nam = 'x'\n", "「clinic_nam」という項目はありません。「clinic_name」ではありませんか。"),
        ("[sound]\nqqqq = 1\n", "つづりを確かめるか、この行を消してください。"),
        ("[site]\nkiosk_id = 'A'\n", "使えない文字があるか"),
        (f"[site]\nclinic_name = '{'x' * 41}'\n", "40文字までにしてください。"),
        ("[panel]\nname = 'big'\n", "使える値は 'pi7-800x480'"),
        ("[sound]\nvolume = 7\n", "1.0 以下の値にしてください。"),
        ("[site]\nproduction = 'perhaps'\n", "true か false"),
        ("[site]\nlanguages = []\n", "足りません。1個以上"),
        ("[site]\nlanguage = 'ko'\n", "一覧に足すか"),
        ("site = \n", "この行の書き方が正しくありません。"),
        ("[maintenance]\nwindow_from = 'soon'\n", "時刻は 03:00 のように"),
        ("[uplink]\nport = 'x'\n", "整数で書いてください。"),
        ("[face]\nmodels_dir = 5\n", _ANY),
    ],
)
def test_what_is_wrong_is_said_in_japanese(tmp_path: Path, text: str, japanese: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    (problem,) = caught.value.problems
    assert japanese in problem.japanese
    assert "{" not in problem.japanese
    assert problem.both().splitlines()[1].strip() == str(problem)


def test_pydantic_knows_each_kind_that_has_a_sentence() -> None:
    from pydantic_core import core_schema

    known = set(get_args(core_schema.ErrorType))
    assert set(_OF_PYDANTIC) - known == {"ip_v4_address"}, "which comes from its own types"


def test_a_rule_says_its_own_sentence() -> None:
    with pytest.raises(ValidationError) as caught:
        Network.model_validate({"address": "10.0.0.1"})
    (item,) = caught.value.errors()
    assert (
        in_japanese(item["type"], "address", item["ctx"])
        == "アドレスは 192.168.1.20/24 のように、/ と桁数をつけて書いてください。"
    )
    assert str(Wrong("a: b", "c")) == "a: b"
    with pytest.raises(ValidationError) as caught:
        Network.model_validate({"address": "10.0.0.1/24", "gateway": "x"})
    assert caught.value.errors()[0]["type"] == "ip_v4_address"


def test_a_complaint_without_a_sentence_is_shown_as_it_is() -> None:
    assert Problem("f", 1, "k", "w", "R").both() == "f:1: k: w. R."
