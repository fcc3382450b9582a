"""One plain sentence for each of the three questions, in English and Japanese: for whoever reads nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hw_sim.bench.compare import Standing, standing
from hw_sim.bench.figures import Chapter
from hw_sim.bench.words import Metrics, number

_CRIMES = ("kill.lost", "kill.twice", "fleet.lost", "fleet.twice")


@dataclass(frozen=True, slots=True)
class Safety:
    """Attacks that passed, attacks tried, whether they are too few to promise anything; results lost or doubled."""

    passed: float
    tried: float
    too_few: bool
    lost: float


@dataclass(frozen=True, slots=True)
class Language:
    """How the answers are said.

    fast: seconds to verified {0}, of the card alone {1}. turns: asked to turn of 100 {0}, seconds of half of all {1}.
    right: failures of 1,000 {0}.
    """

    fast: str
    turns: str
    right: str
    safe: Callable[[Safety], str]


def _safe_in_english(found: Safety) -> str:
    who = "None" if not found.passed else number(found.passed)
    what = "no result was lost" if not found.lost else f"{number(found.lost)} results were lost or doubled"
    few = " (too few to promise it)" if found.too_few else ""
    return f"{who} of {number(found.tried)} simulated attacks{few} passed, and {what}."


def _safe_in_japanese(found: Safety) -> str:
    few = "、まだ少なすぎます" if found.too_few else ""
    who = f"なりすまし{number(found.tried)}件（シミュレーション{few}）のうち、通ったのは{number(found.passed)}件です。"
    return f"{who}失われたり二重になったりした結果は{number(found.lost)}件です。"


ENGLISH = Language(
    "A patient who looks at the camera is verified {0} s after putting the card in; the card takes {1} s of them.",
    "Of 100 simulated people {0} are first asked to turn their head: half of all are judged within {1} s.",
    "Of 1,000 comparisons with the right person about {0} fail: they try again or take the PIN.",
    _safe_in_english,
)
JAPANESE = Language(
    "カメラを見ている患者さんは、カードを入れて{0}秒で本人と確認できます。そのうち{1}秒はカードの読み取りです。",
    "100人中{0}人（シミュレーション）は先に顔を少し横に向けるよう求められ、全体の半数は{1}秒以内に判断されます。",
    "本人どうしの照合1,000回のうち、通らないのは約{0}回です。もう一度試すか、暗証番号を使えます。",
    _safe_in_japanese,
)


def lead(chapter: Chapter, metrics: Metrics, language: Language) -> str:
    """Return the answer as far as its figures are there, empty where they are not."""
    match chapter:
        case Chapter.FAST if {"path.verified_s", "path.link_s"} <= metrics.keys():
            seconds = (metrics[name]["value"] for name in ("path.verified_s", "path.link_s"))
            return " ".join([language.fast.format(*map(number, seconds)), *_turns(metrics, language)])
        case Chapter.RIGHT if "face.lfw_ic_fnmr_1e4" in metrics:
            return language.right.format(number(round(1000 * metrics["face.lfw_ic_fnmr_1e4"]["value"])))
        case Chapter.SAFE if (found := _safety(metrics)).tried:
            return language.safe(found)
        case _:
            return ""


def _turns(metrics: Metrics, language: Language) -> list[str]:
    if not {"pad.sim_asked", "pad.sim_live_s"} <= metrics.keys():
        return []
    asked, seconds = round(100 * metrics["pad.sim_asked"]["value"]), metrics["pad.sim_live_s"]["value"]
    return [language.turns.format(number(asked), number(seconds))]


def _safety(metrics: Metrics) -> Safety:
    species = [row for name, row in metrics.items() if name.startswith("pad.sim_apcer.")]
    worst = metrics.get("pad.sim_apcer_max")
    return Safety(
        passed=sum(round(row["value"] * row["n"]) for row in species),
        tried=sum(row["n"] for row in species),
        too_few=worst is not None and standing("pad.sim_apcer_max", worst) is Standing.OPEN,
        lost=sum(metrics[name]["value"] for name in _CRIMES if name in metrics),
    )
