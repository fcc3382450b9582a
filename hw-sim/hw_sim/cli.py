"""``kaopi-sim``: run scenarios, the demo, and the interactive simulator."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

SCENARIOS = Path(__file__).parents[1] / "scenarios"

app = typer.Typer(no_args_is_help=True, add_completion=False, help="kaopi's simulator: a clinic in a box.")


def find(name: str) -> Path:
    """Return the file of a scenario given by path or by name. Raises typer.BadParameter."""
    for path in (Path(name), SCENARIOS / name, SCENARIOS / f"{name}.toml", SCENARIOS / "pcsc" / f"{name}.toml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in SCENARIOS.glob("*.toml")))
    raise typer.BadParameter(f"no scenario {name!r}; there are: {known}")


@app.callback()
def _root(verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log.")] = False) -> None:
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # what a command prints is the command's
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(levelname)s %(name)s: %(message)s")


@app.command("list")
def list_scenarios() -> None:
    """List the scenarios."""
    from hw_sim.scenario.schema import load

    for path in sorted(SCENARIOS.glob("*.toml")):
        typer.echo(f"{path.stem:24} {load(path).title}")


@app.command()
def run(
    names: Annotated[list[str], typer.Argument(help="Scenario names or files.")],
    out: Annotated[Path | None, typer.Option(help="Folder for screens, timelines, event logs and JUnit.")] = None,
    broker: Annotated[str, typer.Option(help="auto, mosquitto or embedded")] = "auto",
    pcsc: Annotated[bool, typer.Option("--pcsc", help="In real time: over a real pcscd with virtual readers.")] = False,
    virtual: Annotated[bool, typer.Option("--virtual", help="Virtual time: hundreds of patients a minute.")] = False,
    pixels: Annotated[bool, typer.Option("--pixels", help="In virtual time: render frames and run the nets.")] = False,
    seed: Annotated[int, typer.Option(help="In virtual time: same seed, same events.")] = 1,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="So many at once, each with its own broker and pcscd.")
    ] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One line a scenario.")] = False,
) -> None:
    """Play scenarios and say whether each went as its file expects."""
    from hw_sim import junit
    from hw_sim.scenario.batch import Order, play_all
    from hw_sim.scenario.schema import ScenarioError

    if virtual and pcsc:
        raise typer.BadParameter("pcscd knows no virtual time: leave out --virtual or --pcsc")
    orders = [Order(find(name), out, broker, pcsc, virtual, pixels, seed, quiet or jobs > 1) for name in names]
    all_played = []
    try:
        for played in play_all(orders, jobs):
            all_played.append(played)
            typer.echo(f"{'ok' if played.ok else 'FAILED'}  {played.name}  {played.seconds:.1f} s")
            for problem in played.problems:
                typer.echo(f"  {problem}", err=True)
    except ScenarioError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if out is not None:
        junit.write(out / "junit.xml", all_played)
    raise typer.Exit(0 if all(played.ok for played in all_played) else 1)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where screens and the sheet go.")] = Path("out/demo"),
) -> None:
    """Serve one patient by スッ・顔・ピッ and show all that happened."""
    from hw_sim.demo import run_demo

    raise typer.Exit(run_demo(out, typer.echo))


@app.command()
def picture(
    out: Annotated[Path, typer.Option(help="The animated WebP to write.")] = Path("docs/images/session.webp"),
) -> None:
    """Play one visit in real time and draw it as it happened: the README's moving picture."""
    from hw_sim.people.sources import fetch
    from hw_sim.showcase import animation, drawing, visit

    fetch(say=typer.echo)
    typer.echo("one visit in real time; leave the machine alone meanwhile …")
    try:
        told = drawing.story(visit.record(drawing.SCREEN))
        size = animation.save(told, out)
    except (visit.VisitError, ValueError) as error:
        typer.echo(f"no picture was written: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{out}: {len(animation.moments(told))} frames, {size / 1e6:.1f} MB")


@app.command()
def sim(
    script: Annotated[
        str | None, typer.Option(help="Keys to press, instead of a window: see --help of the page.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where a script's screenshots go.")] = Path("out/sim"),
) -> None:
    """Run the kiosk in a window with a virtual patient: i insert, o out, 1-6 person, l light, d distance, q quit."""
    from hw_sim.interactive import run_interactive

    raise typer.Exit(run_interactive(script, out, typer.echo))


def main() -> None:
    """Entry point of the ``kaopi-sim`` script."""
    app()


if __name__ == "__main__":
    main()
