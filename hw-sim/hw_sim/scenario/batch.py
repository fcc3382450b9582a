"""Plays many scenarios, several at once in processes of their own that share nothing but the folder for the results."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hw_sim.pcsc import in_namespace
from hw_sim.scenario.picture import save_screens, timeline_svg
from hw_sim.scenario.played import Played
from hw_sim.scenario.schema import load

if TYPE_CHECKING:  # the real-time runner brings threads, MQTT and SDL with it
    from hw_sim.scenario.real import CardParts


@dataclass(frozen=True, slots=True)
class Order:
    """One scenario to play. out: where its screens (real time), event log (virtual time) and timeline go.

    pcsc: in real time, over a pcscd of its own.
    """

    path: Path
    out: Path | None = None
    broker: str = "auto"
    pcsc: bool = False
    virtual: bool = False
    pixels: bool = False
    seed: int = 1
    quiet: bool = True


def play_one(order: Order) -> Played:
    """Play one and keep what it shows. Raises ScenarioError."""
    if order.pcsc and not in_namespace():
        from hw_sim.scenario.over_pcsc import play_apart

        return play_apart(order)
    scenario, name = load(order.path), order.path.stem

    def say(line: str) -> None:
        if not order.quiet:
            sys.stdout.write(f"{line}\n")

    say(f"{name}: {scenario.title}")
    with tempfile.TemporaryDirectory() as home:
        if order.virtual:
            from hw_sim.scenario import virtual

            played = virtual.play(scenario, name, Path(home), pixels=order.pixels, seed=order.seed, say=say)
        else:
            from hw_sim.scenario import real

            record = order.out is not None
            with _cards(order) as cards:
                played = real.play(scenario, name, Path(home), broker=order.broker, cards=cards, record=record, say=say)
    if order.out is not None:
        folder = order.out / name
        save_screens(played, folder)
        (folder / "timeline.svg").write_text(timeline_svg(played), "utf-8")
        if order.virtual:
            (folder / "events.log").write_text("\n".join(played.log) + "\n", "utf-8")
    played.snapshots.clear()  # surfaces do not travel between processes
    return played


def _cards(order: Order) -> contextlib.AbstractContextManager[CardParts | None]:
    """Return the card's side; none for what the runner itself makes."""
    if not order.pcsc:
        return contextlib.nullcontext()
    from hw_sim.scenario.over_pcsc import cards_over_pcsc

    return cards_over_pcsc()


def play_all(orders: Sequence[Order], jobs: int = 1) -> Iterator[Played]:
    """Yield what came of each, in their order. Raises ScenarioError."""
    if jobs == 1:
        yield from map(play_one, orders)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(play_one, orders)
