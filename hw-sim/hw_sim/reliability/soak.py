"""``make soak N=``: a clinic's patients through one kiosk that is never switched off; what grows, what is lost.

Kiosk, workers and card run in virtual time; outbox, uplink and desk's store are the product's own on a real disk, and
the broker is mosquitto where it is installed. Every so manieth patient comes with pixels through the nets.
The verdict: memory may grow by 1 MB a thousand patients after the first 500, neither creeping nor in one jump, handles,
threads and children not at all; every visit puts as many results on the kiosk's disk as its scenario expects, every
failure code is one that it expects, and every result is with the desk, once.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import resource
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from hw_sim.broker.mosquitto import Mosquitto, has_mosquitto
from hw_sim.people.person import load_person
from hw_sim.people.render import render
from hw_sim.people.scene import LIGHTS, standing
from hw_sim.people.sensor import Exposure
from hw_sim.reliability.soak_page import write_page
from hw_sim.scenario.mix import PEOPLE, Visit, arrivals, every_file
from hw_sim.scenario.played import Played
from hw_sim.scenario.schema import Scenario
from hw_sim.scenario.virtual import play_in
from hw_sim.scenario.virtual_world import World
from reader.face.engine import FaceEngine
from reader.uplink.link import Fact, MqttLink
from reader.uplink.link_paho import PahoLink, Will
from reader.uplink.settings import BrokerSettings
from reader.vault import Vault

WARM_UP: Final = 500
GROWTH_MB_PER_1000: Final = 1.0
EVERY: Final = 25  # patients between two samples
BROKER_RESTART_EVERY: Final = 400
PIXELS_EVERY: Final = 100
DRAIN_S: Final = 60.0
ANSWER_S: Final = 1.0  # real seconds that virtual time stands still for an answer
_MB: Final = 1024.0 * 1024.0
_LEVEL: Final = 3  # samples


@dataclass(frozen=True, slots=True)
class Sample:
    """The process after ``patients``.

    real_ms: what a patient took since the last sample. visit_s: virtual seconds of their visits, p50 and p95.
    codes: how often each failure code has come so far.
    """

    patients: int
    rss_mb: float
    handles: int
    threads: int
    children: int
    real_ms: float
    visit_s: tuple[float, float]
    codes: dict[str, int]


_COUNTED: Final[dict[str, Callable[[Sample], int]]] = {
    "handles": lambda sample: sample.handles,
    "threads": lambda sample: sample.threads,
    "child processes": lambda sample: sample.children,
}


@dataclass(slots=True)
class Soak:
    """What a run came to. lost, twice: by the ids the desk has of the results that the kiosk says it stored."""

    patients: int = 0
    with_pixels: int = 0
    broker: str = ""
    samples: list[Sample] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    played: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    broker_restarts: int = 0
    unexpected: list[str] = field(default_factory=list)
    stored_by_kiosk: int = 0
    stored_by_desk: int = 0
    twice: int = 0
    waiting: int = 0
    integrity: str = ""
    seconds: float = 0.0
    warm_up: int = WARM_UP

    @property
    def lost(self) -> int:
        """Results the kiosk has put on its disk that are not with the desk."""
        return self.stored_by_kiosk - self.stored_by_desk

    @property
    def settled(self) -> list[Sample]:
        """The samples after warming up."""
        return [sample for sample in self.samples if sample.patients >= self.warm_up]

    def growth_mb_per_1000(self) -> float | None:
        """Return the slope of memory over patients after warming up (Theil-Sen: the median of all pairs' slopes)."""
        points = [(sample.patients, sample.rss_mb) for sample in self.settled]
        slopes = [(y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(points) for x2, y2 in points[i + 1 :]]
        return float(np.median(slopes)) * 1000.0 if slopes else None

    def rise_mb(self) -> tuple[float, int] | None:
        """Return by how much memory was ever above where it settled, and after how many patients it rose the most.

        Each level is the median of three samples: a passing peak is none. One late jump hardly moves the slope, and
        is a leak of its own all the same.
        """
        settled = self.settled
        levels = [
            float(np.median([s.rss_mb for s in settled[i : i + _LEVEL]])) for i in range(len(settled) - _LEVEL + 1)
        ]
        if len(levels) < 2:
            return None
        steps = np.diff(levels)
        return max(levels) - levels[0], settled[int(np.argmax(steps)) + _LEVEL - 1].patients

    def growth_of(self, what: str) -> int | None:
        """Return by how many the fewest handles (or threads …) of the last third exceed those of the first third."""
        counts = [_COUNTED[what](sample) for sample in self.settled]
        third = len(counts) // 3
        return min(counts[-third:]) - min(counts[:third]) if third else None

    def code_series(self) -> dict[str, list[tuple[float, float]]]:
        """Return how often each failure code had come, over patients; the most frequent first."""
        codes = sorted(self.failures, key=lambda code: -self.failures[code])
        return {code: [(s.patients, s.codes.get(code, 0)) for s in self.samples] for code in codes}

    def faults(self) -> list[str]:
        """Return every reason for a bad verdict."""
        said = [f"unexpected: {line}" for line in self.unexpected]
        growth = self.growth_mb_per_1000()
        if growth is None or self.growth_of("handles") is None:
            said.append(f"too short to judge growth: {len(self.settled)} samples after {self.warm_up} patients")
        else:
            if growth > GROWTH_MB_PER_1000:
                said.append(f"memory grows by {growth:.2f} MB per 1,000 patients")
            rise = self.rise_mb()
            allowed = GROWTH_MB_PER_1000 * max(1.0, (self.patients - self.warm_up) / 1000.0)
            if rise is not None and rise[0] > allowed:
                said.append(
                    f"memory rose by {rise[0]:.1f} MB, {allowed:.1f} MB are allowed; the most at {rise[1]} patients"
                )
            grown = {what: self.growth_of(what) or 0 for what in _COUNTED}
            said += [f"{more} {what} more than in the beginning" for what, more in grown.items() if more > 0]
        if self.lost or self.twice or self.waiting or self.integrity != "ok":
            said.append(f"lost {self.lost}, twice {self.twice}, waiting {self.waiting}, store {self.integrity}")
        return said


class _CountingLink(PahoLink):
    """A link that knows whether something has arrived that was not polled yet."""

    def __init__(
        self,
        settings: BrokerSettings,
        client: str,
        subscriptions: Sequence[str],
        will: Will | None,
        arrived: threading.Event,
    ) -> None:
        self.queued = 0
        self._arrived = arrived
        super().__init__(settings, client_id=client, subscriptions=subscriptions, will=will, on_fact=self._count)

    def _count(self) -> None:
        self.queued += 1
        self._arrived.set()

    def poll(self) -> list[Fact]:
        """See PahoLink.poll."""
        self.queued = 0
        return super().poll()


class SoakWorld(World):
    """A clinic whose kiosk and desk speak over a real broker."""

    def __init__(self, scenario: Scenario, folder: Path, broker: BrokerSettings | None, seed: int) -> None:
        self._settings = broker
        self._put = folder / "put.txt"
        self.puts = 0
        self._arrived = threading.Event()
        self._waited_s = 0.0
        super().__init__(scenario, folder, seed=seed)
        self.machine.on_put = self._note_put

    def _note_put(self, result_id: uuid.UUID) -> None:
        self.puts += 1
        with self._put.open("a", encoding="ascii") as file:  # on disk: a list of ids would look like a leak
            file.write(f"{result_id}\n")

    def put_ids(self) -> set[str]:
        """Return the ids of all results that this kiosk has put on its disk."""
        return set(self._put.read_text("ascii").split()) if self._put.exists() else set()

    def link(self, client: str, subscriptions: Sequence[str], will: tuple[str, bytes] | None = None) -> MqttLink:
        """Return a link to mosquitto, or to the broker in memory."""
        if self._settings is None:
            return super().link(client, subscriptions, will)
        last = None if will is None else Will(*will)
        return _CountingLink(self._settings, client, subscriptions, last, self._arrived)

    def tick(self) -> float:
        """Step; let virtual time stand still while an answer is on the network, which lives in real time."""
        if self._settings is not None and self.uplink is not None:
            self._await_network()
        return super().tick()

    def reconnect(self) -> None:
        """Wait until both ends are with the broker again. Raises TimeoutError after ten seconds."""
        until = time.monotonic() + 10.0
        while not (self.traced.connected and self.desk_end.connected):
            if time.monotonic() > until:
                raise TimeoutError("kiosk and desk do not find the broker again")
            super().tick()
            time.sleep(0.002)

    def _await_network(self) -> None:
        if not self.traced.waiting:
            self._waited_s = 0.0
            return
        queued = any(isinstance(link, _CountingLink) and link.queued for link in (self.traced.inner, self.desk_end))
        if not queued and self._waited_s < ANSWER_S:
            began = time.monotonic()
            something_came = self._arrived.wait(0.05)
            self._arrived.clear()
            # One message that is never answered must not leave the next question without its time.
            self._waited_s = 0.0 if something_came else self._waited_s + time.monotonic() - began


def _alone(scenario: Scenario) -> bool:
    """Whether a file breaks what a real broker does by itself."""
    return any(do.fault is not None and do.fault.startswith(("broker", "network", "desk")) for do in scenario.do)


def run(
    patients: int,
    folder: Path,
    *,
    seed: int = 1,
    broker: BrokerSettings | None = None,
    restart_broker: Callable[[], object] | None = None,
    broker_restart_every: int = BROKER_RESTART_EVERY,
    pixels_every: int = PIXELS_EVERY,
    warm_up: int = WARM_UP,
    between: Callable[[], None] = lambda: None,
    say: Callable[[str], None] = lambda line: None,
) -> Soak:
    """Serve ``patients`` in one clinic and count. between: called between two of them; may take its time."""
    soak = Soak(broker="in memory" if broker is None else "mosquitto", warm_up=warm_up)
    names = frozenset(name for name, scenario in every_file().items() if broker is None or not _alone(scenario))
    # What the rarest story needs must have been needed once before growth is judged.
    visits = arrivals(seed, names, pixels_every=pixels_every, all_first=warm_up >= WARM_UP)
    first = next(visits)
    world = SoakWorld(first.scenario, folder, broker, seed)
    if pixels_every:
        _meet_everybody()
        FaceEngine(world.models, Vault())  # the nets are there from the start, as in a kiosk
    failures: Counter[str] = Counter()
    names_played: Counter[str] = Counter()
    took: list[float] = []
    began = sampled = time.monotonic()
    try:
        world.open()
        for visit in visits:
            _serve(world, visit, soak, failures, names_played, took)
            if restart_broker is not None and soak.patients % broker_restart_every == 0:
                restart_broker()
                soak.broker_restarts += 1
            between()
            world.reconnect()
            if soak.patients % EVERY == 0:
                now = time.monotonic()
                soak.samples.append(_sample(soak.patients, (now - sampled) / EVERY, took, failures))
                sampled = now
                took.clear()
                say(_line(soak.samples[-1], failures))
            if soak.patients >= patients:
                break
        _drain(world, soak)
    finally:
        world.close()
    soak.failures, soak.played = dict(failures), dict(names_played)
    soak.seconds = time.monotonic() - began
    return soak


def _serve(
    world: SoakWorld, visit: Visit, soak: Soak, failures: Counter[str], names: Counter[str], took: list[float]
) -> None:
    world.next(visit.scenario, visit.seed, pixels=visit.pixels)
    before = world.puts
    played = play_in(world, visit.name)
    put, expected = world.puts - before, visit.scenario.expect.results
    if put != expected:
        soak.unexpected.append(f"{visit.name} (seed {visit.seed}): {put} results put on the disk, expected {expected}")
    soak.patients += 1
    soak.with_pixels += visit.pixels
    soak.restarts += len(played.restarts)
    names[visit.name] += 1
    for message in played.results:
        if message.failure is not None:
            failures[message.failure.value] += 1
        took.append((message.finished_at - message.started_at).total_seconds())
    soak.unexpected += _unexpected(played, visit, soak.broker)


def _meet_everybody() -> None:
    """Draw everyone once: what the simulator keeps of its people is no growth of the kiosk."""
    for name in PEOPLE:
        for light in LIGHTS:
            render(standing(load_person(name), light=light), 0.0, Exposure())


def _unexpected(played: Played, visit: Visit, broker: str) -> list[str]:
    """What went otherwise than the file expects. Over a real network a result may be late; it is counted at the end."""
    late = [line for line in played.problems if line.startswith(("the desk stored", "no result reached"))]
    on_time = [line for line in played.problems if line not in late or broker == "in memory"]
    return [f"{visit.name} (seed {visit.seed}): {line}" for line in on_time]


def _sample(patients: int, real_s: float, took: list[float], failures: Counter[str]) -> Sample:
    gc.collect()
    children = Path("/proc/self/task")
    kids = sum(len((task / "children").read_text().split()) for task in children.iterdir() if task.exists())
    p50, p95 = (float(np.percentile(took, p)) for p in (50, 95)) if took else (0.0, 0.0)
    return Sample(
        patients=patients,
        rss_mb=_rss_mb(),
        handles=len(os.listdir("/proc/self/fd")) - 1,  # noqa: PTH208 - one of them is this listing's own
        threads=threading.active_count(),
        children=kids,
        real_ms=1000.0 * real_s,
        visit_s=(p50, p95),
        codes=dict(failures),
    )


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / _MB


def _drain(world: SoakWorld, soak: Soak) -> None:
    """Wait until the desk has everything, then compare both sides by id."""
    until = time.monotonic() + DRAIN_S
    virtual_until = world.clock.now() + 600.0
    while world.outbox.depth() > 0 and time.monotonic() < until and world.clock.now() < virtual_until:
        world.tick()
        if soak.broker != "in memory":
            time.sleep(0.0005)
    soak.waiting = world.outbox.depth()
    put, at_desk = world.put_ids(), world.store.result_ids()
    soak.stored_by_kiosk = len(put)
    soak.stored_by_desk = len(put & set(at_desk))
    soak.twice = len(at_desk) - len(set(at_desk))
    soak.integrity = world.store.check()


def _line(sample: Sample, failures: Counter[str]) -> str:
    codes = " ".join(f"{code}:{n}" for code, n in sorted(failures.items()))
    return (
        f"{sample.patients:6} patients  {sample.rss_mb:7.1f} MB  {sample.handles:3} handles  {sample.threads} threads  "
        f"{sample.real_ms:5.0f} ms each  visit {sample.visit_s[0]:.1f}/{sample.visit_s[1]:.1f} s  {codes}"
    )


def _judged(value: float | None, form: str) -> str:
    return "not judged" if value is None else format(value, form)


def summary(soak: Soak) -> str:
    """Return what a person wants to know, in lines."""
    growth, rise, handles = soak.growth_mb_per_1000(), soak.rise_mb(), soak.growth_of("handles")
    faults = soak.faults()
    return "\n".join(
        [
            f"{soak.patients} patients ({soak.with_pixels} with pixels) over {soak.broker} in {soak.seconds:.0f} s",
            f"memory after the first {soak.warm_up}: {_judged(growth, '+.2f')} MB per 1,000 patients, "
            f"highest {_judged(rise and rise[0], '+.1f')} MB; handles: {_judged(handles, '+d')}",
            f"results: {soak.stored_by_kiosk} stored by the kiosk, {soak.stored_by_desk} of them with the desk, "
            f"lost {soak.lost}, twice {soak.twice}, waiting {soak.waiting}, store {soak.integrity}",
            f"kiosk restarted {soak.restarts} times, broker {soak.broker_restarts} times",
            f"failure codes: {soak.failures}",
            *faults[:20],
            "good" if not faults else "BAD",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, plot; exit code 1 for a bad verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patients", type=int, nargs="?", default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=["auto", "mosquitto", "memory"], default="auto")
    parser.add_argument("--pixels-every", type=int, default=PIXELS_EVERY, help="0: nobody comes with pixels")
    parser.add_argument("--pause", type=Path, help="wait between patients while this file is there")
    parser.add_argument("--out", type=Path, default=Path("out/soak"))
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        settings, restart = None, None
        if chosen.broker == "mosquitto" or (chosen.broker == "auto" and has_mosquitto()):
            (Path(home) / "broker").mkdir()
            mosquitto = stack.enter_context(Mosquitto(Path(home) / "broker"))
            settings = mosquitto.settings("kiosk")

            def restart() -> None:
                mosquitto.stop()
                mosquitto.start()

        warm_up = WARM_UP if chosen.patients >= 3 * WARM_UP else chosen.patients // 4
        soak = run(
            chosen.patients,
            Path(home),
            seed=chosen.seed,
            broker=settings,
            restart_broker=restart,
            pixels_every=chosen.pixels_every,
            warm_up=warm_up,
            between=lambda: _wait_for(chosen.pause),
            say=lambda line: print(line, flush=True),  # noqa: T201
        )
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "soak.json").write_text(json.dumps(asdict(soak), indent=1), "utf-8")
    write_page(chosen.out / "soak.svg", soak)
    print(summary(soak))  # noqa: T201
    return 1 if soak.faults() else 0


def _wait_for(pause: Path | None) -> None:
    while pause is not None and pause.exists():
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
