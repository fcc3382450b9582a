"""``kaopi eval match, liveness, light, collect``: typer-ready functions, a lab's tool."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from reader.face.engine import FaceEngine
from reader.face.evaluation import collect as collecting
from reader.face.evaluation import light as lights
from reader.face.evaluation import liveness as lives
from reader.face.evaluation import match as matches
from reader.face.evaluation import plots
from reader.face.evaluation.datasets import (
    LIVE,
    DataMissing,
    default_data,
    read_cards,
    read_groups,
    read_pairs,
    read_people,
)
from reader.face.evaluation.light import LightReport
from reader.face.evaluation.liveness import LivenessReport
from reader.face.evaluation.match import MatchReport
from reader.face.evaluation.pipeline import describing
from reader.face.evaluation.stats import curve
from reader.face.evaluation.table import table
from reader.face.manifest import ManifestError
from reader.face.modelbuild.commands import default_folder
from reader.face.modelstore import ModelRefused, ModelStore
from reader.vault import Vault

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder to measure, see docs/evaluation.md; default KAOPI_DATA.")
]
Out = Annotated[Path, typer.Option("--out", help="Where curves and histograms are written.")]
Models = Annotated[Path | None, typer.Option("--models", help="Folder of the .onnx files.")]

_OUT = Path("out/eval")
_SITE_FILE = Path("/etc/kaopi/site.toml")


def match(data: Data = None, out: Out = _OUT, models: Models = None) -> None:
    """Compare people one to one: FMR, FNMR, trade-off curve, score histogram (ISO/IEC 19795-1)."""
    engine, folder = _engine(models), data or default_data()
    reports: list[MatchReport] = []
    for home in _candidates(folder):
        try:
            if (home / "pairs.txt").is_file():
                pairs = read_pairs(home)
                describe = describing(engine, _bar("pictures"))
                reports.append(matches.compare_pairs(pairs, describe))
                reports.append(matches.compare_pairs(pairs, describe, as_card=True))
            elif _has_people(home):
                live = [one for one in read_people(home) if one.species == LIVE]
                describe = describing(engine, _bar("sessions"))
                cards, groups = read_cards(home, (one.subject for one in live)), read_groups(home)
                reports.append(
                    matches.compare_sessions(live, engine.threshold, describe, portraits=cards, groups=groups)
                )
        except (DataMissing, ValueError) as error:
            typer.echo(f"{home.name}: {error}")
    _need(reports, folder)
    out.mkdir(parents=True, exist_ok=True)
    for number, report in enumerate(reports):
        typer.echo(match_table(report))
        curves = {report.name: curve(report.genuine, report.impostors)}
        plots.trade_off(curves, out / f"match-{number}-det.png", report.name)
        scores = {"same person": report.genuine, "different people": report.impostors}
        plots.histogram(scores, out / f"match-{number}-scores.png", report.name, engine.threshold)
    typer.echo(f"pictures are in {out}")


def match_table(report: MatchReport) -> str:
    """Return a comparison report as a table."""
    rows = [
        [f"FNMR at FMR {one.fmr:.0e}", f"{one.fnmr}", f"[{one.low:.3%}, {one.high:.3%}]", f"{one.threshold:.3f}"]
        for one in report.at
    ]
    if report.fmr is not None and report.fnmr is not None:
        rows.append(["FMR at the shipped threshold", f"{report.fmr}", "", f"{report.fixed_threshold:.3f}"])
        rows.append(["FNMR at the shipped threshold", f"{report.fnmr}", "", f"{report.fixed_threshold:.3f}"])
    for count, inside in report.alike.items():
        worst = "" if inside.worst is None else f"{inside.worst:.3f} in the worst"
        rows.append(
            [f"FMR {matches.GROUP_FMR:.0e} inside {count} groups of people alike", "", worst, f"{inside.pooled:.3f}"]
        )
    for group, (fmr, fnmr) in report.groups.items():
        rows.append([f"group {group}: FMR", f"{fmr}", "", ""])
        rows.append([f"group {group}: FNMR", f"{fnmr}", "", ""])
    rows.append(["no face found (pictures)", str(report.failed), "", ""])
    heading = ["measure", "value [exact 95 %]", "subject bootstrap 95 %", "threshold"]
    title = f"{report.name}: {report.genuine.size} genuine, {report.impostors.size} impostor comparisons"
    return table(heading, rows, title)


def liveness(data: Data = None, out: Out = _OUT, models: Models = None) -> None:
    """Tell living faces from attacks by the passive cue: APCER, BPCER, EER per species (ISO/IEC 30107-3)."""
    engine, folder = _engine(models), data or default_data()
    done = False
    for home in _candidates(folder):
        if not ((home / "print").is_dir() or (home / "attacks").is_dir()):
            continue
        done = True
        accept = engine.weights.unasked
        report = lives.evaluate(
            engine, read_people(home), threshold=accept, groups=read_groups(home), progress=_bar("pictures")
        )
        typer.echo(liveness_tables(report, home.name, accept))
        out.mkdir(parents=True, exist_ok=True)
        curves = {f"{one.species}, {one.frames} frames": one.trade_off for one in report.species}
        title = f"{home.name}: passive evidence"
        plots.trade_off(curves, out / f"liveness-{home.name}-det.png", title, accept="APCER", reject="BPCER")
        for one in report.species:
            scores = {LIVE: one.live, one.species: one.attack}
            name = f"{home.name}: {one.species}, mean of {one.frames} frames, nats"
            plots.histogram(scores, out / f"liveness-{home.name}-{one.species}-{one.frames}.png", name, accept)
        typer.echo(f"pictures are in {out}")
    _need(done, folder)


def liveness_tables(report: LivenessReport, name: str, accept: float) -> str:
    """Return a liveness report as tables: error rates by species, by group where there are groups, non-response."""
    rows = [[one.species, str(one.frames), f"{one.eer:.2%}", f"{one.apcer}", f"{one.bpcer}"] for one in report.species]
    heading = ["species", "frames", "EER", f"APCER at {accept:g} nats", f"BPCER at {accept:g} nats"]
    parts = [table(heading, rows, f"{name}: passive evidence alone; nobody passes by it without depth, or a turn")]
    rows = [
        [group, str(one.frames), one.species, f"{apcer}", f"{bpcer}"]
        for one in report.species
        for group, (apcer, bpcer) in one.groups.items()
    ]
    if rows:
        parts.append(table(["group", "frames", "species", "APCER", "BPCER"], rows))
    rows = [[kind, f"{missed}"] for kind, missed in report.no_response.items()]
    parts.append(table(["presentation", "non-response (no face)"], rows))
    return "\n".join(parts)


def light(
    data: Data = None,
    out: Out = _OUT,
    models: Models = None,
    limit: Annotated[int, typer.Option(help="People to alter the light on.")] = 72,
) -> None:
    """Alter well-lit pictures by known amounts of dim, back, side and direct light, and see what is refused."""
    engine, folder = _engine(models), data or default_data()
    done = False
    for home in _candidates(folder):
        if not (home / "pairs.txt").is_file():
            continue
        done = True
        judged = lights.sweep(engine, read_pairs(home), limit, _bar("people"))
        halves = {"limits were set by these": lights.FITTED, "reported": lights.REPORTED}
        curves = {}
        for name, half in halves.items():
            report = lights.summarise(judged, half)
            typer.echo(light_table(report, f"{home.name}: light sweep, half of the people: {name}"))
            if report.trade_off is not None:
                curves[name] = report.trade_off
        out.mkdir(parents=True, exist_ok=True)
        title = f"{home.name}: all limits moved together"
        plots.trade_off(
            curves, out / f"light-{home.name}-det.png", title, accept="bad called fine", reject="fine refused"
        )
        typer.echo(f"pictures are in {out}")
    _need(done, folder)


def light_table(report: LightReport, title: str) -> str:
    """Return a light report as a table, and the two rates that count."""
    rows = [
        [
            one.light,
            f"{one.strength:g}",
            f"{one.lost}",
            {True: "fine", False: "bad", None: "either"}[one.fine],
            f"{one.refused}",
            ", ".join(f"{what} {count}" for what, count in one.reasons.items()),
        ]
        for one in report.grades
    ]
    text = table(["light", "strength", "people it loses", "truth", "frames refused", "reasons"], rows, title)
    return f"{text}\nbad light called fine: {report.false_ok}\nfine light refused:    {report.false_refuse}\n"


def collect(
    subject: Annotated[str, typer.Argument(help="A code for the person, never a name.")],
    session: Annotated[str, typer.Argument(help="A code for the visit, for example the date.")],
    data: Annotated[Path, typer.Option("--data", help="Folder to write into.")],
    consent: Annotated[bool, typer.Option("--consent", help="The person has agreed in writing.")] = False,
    species: Annotated[str, typer.Option(help="live, or the kind of attack being shown.")] = LIVE,
    frames: Annotated[int, typer.Option(help="Pictures to take.")] = 60,
    site: Annotated[Path | None, typer.Option(help="A site file to obey beside this machine's own.")] = None,
) -> None:
    """Take pictures for an evaluation from this machine's camera. A lab's tool: refused on a production kiosk."""
    from reader.config.load import load  # only this command asks what machine it is on

    # The machine's own file always counts: a laxer one named beside it opens nothing.
    files = [site, _SITE_FILE] if _SITE_FILE.is_file() else [site]
    production = any(load(one).site.production for one in files)
    try:
        plan = collecting.plan(data, subject, session, species, frames, consent=consent, production=production)
        collecting.run(plan, collecting.webcam(), lambda done: typer.echo(f"\r{done}/{frames}", nl=False))
    except collecting.CollectRefused as error:
        typer.echo(str(error))
        raise typer.Exit(1) from None
    typer.echo(f"\n{frames} pictures in {plan.folder}; delete the folder when the evaluation ends")


def _engine(folder: Path | None) -> FaceEngine:
    try:
        engine = FaceEngine(ModelStore(folder or default_folder()), Vault())
    except (ModelRefused, ManifestError) as error:
        typer.echo(str(error))
        raise typer.Exit(1) from None
    return engine


def _candidates(folder: Path) -> list[Path]:
    """Return the folder itself and the sets in it."""
    return [folder, *sorted(one for one in folder.glob("*") if one.is_dir())] if folder.is_dir() else []


def _has_people(home: Path) -> bool:
    return (home / "people").is_dir() or (home / "print").is_dir()


def _need(found: object, folder: Path) -> None:
    if not found:
        typer.echo(f"{folder} holds nothing to measure: see docs/evaluation.md for the layout, or set KAOPI_DATA")
        raise typer.Exit(1)


def _bar(what: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{what} {done}/{total}" + ("\n" if done == total else ""))

    return show
