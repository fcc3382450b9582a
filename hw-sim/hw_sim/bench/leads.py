"""One plain sentence for each of the three questions, in English and Japanese: for whoever reads nothing else."""

from __future__ import annotations

from hw_sim.bench.compare import Standing, standing
from hw_sim.bench.figures import Chapter
from hw_sim.bench.words import Metrics, number

_CRIMES = ("kill.lost", "kill.twice", "fleet.lost", "fleet.twice")


def english(chapter: Chapter, metrics: Metrics) -> str:
    """Return the answer as far as its figures are there."""
    match chapter:
        case Chapter.FAST:
            return _sentence(
                metrics,
                ("path.verified_s", "path.link_s"),
                "A patient who looks at the camera is verified {0} s after putting the card in; "
                "the card itself takes {1} s of them.",
            )
        case Chapter.RIGHT:
            refused = _per_thousand(metrics, "face.lfw_ic_fnmr_1e4")
            said = f"Of 1,000 comparisons with the right person about {refused} fail: they try again or take the PIN."
            return said if refused else ""
        case Chapter.SAFE:
            passed, tried, lost = _safety(metrics)
            if not tried:
                return ""
            who = "None" if not passed else number(passed)
            what = "no result was lost" if not lost else f"{number(lost)} results were lost or doubled"
            few = " (too few to promise it)" if _too_few(metrics) else ""
            return f"{who} of {number(tried)} simulated attacks{few} passed, and {what}."
        case _:
            return ""


def japanese(chapter: Chapter, metrics: Metrics) -> str:
    """Return the same in Japanese."""
    match chapter:
        case Chapter.FAST:
            return _sentence(
                metrics,
                ("path.verified_s", "path.link_s"),
                "カメラを見ている患者さんは、カードを入れて{0}秒で本人と確認できます。そのうち{1}秒はカードの読み取りです。",
            )
        case Chapter.RIGHT:
            refused = _per_thousand(metrics, "face.lfw_ic_fnmr_1e4")
            said = f"本人どうしの照合1,000回のうち、通らないのは約{refused}回です。もう一度試すか、暗証番号を使えます。"
            return said if refused else ""
        case Chapter.SAFE:
            passed, tried, lost = _safety(metrics)
            if not tried:
                return ""
            few = "、まだ少なすぎます" if _too_few(metrics) else ""
            who = f"なりすまし{number(tried)}件（シミュレーション{few}）のうち、通ったのは{number(passed)}件です。"
            return f"{who}失われたり二重になったりした結果は{number(lost)}件です。"
        case _:
            return ""


def _sentence(metrics: Metrics, names: tuple[str, ...], text: str) -> str:
    if any(name not in metrics for name in names):
        return ""
    return text.format(*(number(metrics[name]["value"]) for name in names))


def _per_thousand(metrics: Metrics, name: str) -> str:
    return number(round(1000 * metrics[name]["value"])) if name in metrics else ""


def _too_few(metrics: Metrics) -> bool:
    worst = metrics.get("pad.sim_apcer_max")
    return worst is not None and standing("pad.sim_apcer_max", worst) is Standing.OPEN


def _safety(metrics: Metrics) -> tuple[float, float, float]:
    """Return attacks that passed, attacks tried, results lost or doubled."""
    species = [row for name, row in metrics.items() if name.startswith("pad.sim_apcer.")]
    passed = sum(round(row["value"] * row["n"]) for row in species)
    lost = sum(metrics[name]["value"] for name in _CRIMES if name in metrics)
    return passed, sum(row["n"] for row in species), lost
