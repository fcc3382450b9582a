"""Break everything between kiosk and desk, count what is lost or comes twice, print the table.

``python -m hw_sim.reliability.kill 1000`` runs the long form: 1,000 SIGKILLs, the broker killed at six points of the
publish sequence 50 times each, 10,000 results queued while the desk is down, 100 lost acknowledgements, a full disk
at each of the first 50 writes. Exit code 1 when anything was lost, doubled or damaged.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from paho.mqtt.reasoncodes import ReasonCode

from hw_sim.reliability.clinic import ProcessClinic
from hw_sim.reliability.disk import Store, fail_at
from reader.desk.link import DeskLink, desk_subscriptions
from reader.desk.service import DeskService
from reader.desk.store import Store as DeskStore
from reader.uplink.link import Connected, Fact
from reader.uplink.link_paho import PahoLink
from reader.uplink.run import Waker, run_uplink
from reader.uplink.settings import UplinkSettings
from reader.uplink.topics import TO_KIOSK, Channel, Topic

POINTS: Final = ("before connect", "after CONNACK", "before PUBLISH", "after PUBLISH", "before PUBACK", "after PUBACK")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    case: str
    faults: int
    put: int
    stored: int
    lost: int
    twice: int
    integrity: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether the row is as it must be."""
        return self.lost == 0 and self.twice == 0 and self.integrity == "ok" and self.stored == self.put


def random_kills(folder: Path, kills: int, seed: int) -> Row:
    """SIGKILL uplink, desk and broker in turn at random instants while results keep coming."""
    dice, began = random.Random(seed), time.monotonic()
    lost = 0
    with ProcessClinic(folder) as clinic:
        clinic.fill(pause_s=0.004)
        for number in range(kills):
            name = ("uplink", "desk", "broker")[number % 3]
            time.sleep(dice.uniform(0.0, 0.25))
            clinic.kill(name)
            if number % 25 == 0:
                lost = max(lost, clinic.lost_so_far())
            time.sleep(dice.uniform(0.0, 0.05))
            clinic.start(name)
        clinic.stop_filling()
        clinic.drain()
        count = clinic.count()
    seconds = time.monotonic() - began
    return Row(
        "SIGKILL uplink, desk, broker in turn", kills, count.put, count.stored, max(lost, count.lost), count.twice,
        count.integrity, seconds,
    )  # fmt: skip


class _DoomedLink(PahoLink):
    """A link that has the broker killed at one point of the publish sequence, as often as ``doom`` says yes."""

    point: str
    doom: Callable[[str], None]

    def connect(self) -> None:
        self.doom("before connect")
        super().connect()

    def poll(self) -> list[Fact]:
        facts = super().poll()
        if any(isinstance(fact, Connected) for fact in facts):
            self.doom("after CONNACK")
        return facts

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry_s: int | None = None) -> bool:
        result = topic.endswith(f"/{Channel.RESULT}")
        if result:
            self.doom("before PUBLISH")
            self.doom("freeze")  # for "before PUBACK": the broker takes the bytes and never answers
        taken = super().publish(topic, payload, qos=qos, retain=retain, expiry_s=expiry_s)
        if result and taken:
            self.doom("after PUBLISH")
            self.doom("before PUBACK")
        return taken

    def _published(self, client: Any, data: Any, mid: int, reason: ReasonCode, props: Any) -> None:
        topic = self._sent.get(mid, "")
        super()._published(client, data, mid, reason, props)
        if topic.endswith(f"/{Channel.RESULT}"):
            self.doom("after PUBACK")


class _Doom:
    """Kills the broker once when armed and the point is reached."""

    def __init__(self, clinic: ProcessClinic, point: str) -> None:
        self._clinic, self._point = clinic, point
        self.armed = threading.Event()
        self.struck = threading.Event()

    def __call__(self, point: str) -> None:
        process = self._clinic.broker.process
        if not self.armed.is_set() or process is None:
            return
        if point == "freeze":
            if self._point == "before PUBACK":
                process.send_signal(signal.SIGSTOP)
            return
        if point == self._point:
            self.armed.clear()
            if point == "before PUBACK":
                time.sleep(0.002)  # let the bytes leave
            process.kill()
            self.struck.set()


def broker_at(folder: Path, point: str, times: int) -> Row:
    """Kill the broker at one point of the publish sequence, restart it, and see everything arrive."""
    began = time.monotonic()
    with ProcessClinic(folder, with_uplink=False) as clinic:
        doom = _Doom(clinic, point)

        def make(config: UplinkSettings, waker: Waker) -> PahoLink:
            link = _DoomedLink(
                config.broker,
                client_id=config.kiosk,
                subscriptions=[str(Topic(config.site, config.kiosk, channel)) for channel in TO_KIOSK],
                on_fact=waker.wake,
            )
            link.doom = doom
            return link

        for _ in range(times):
            doom.struck.clear()
            doom.armed.set()
            stop = threading.Event()
            uplink = threading.Thread(
                target=run_uplink, args=(clinic.uplink_settings,), kwargs={"stop": stop, "make_link": make}
            )
            clinic.put(3)
            uplink.start()
            if not doom.struck.wait(20):
                raise TimeoutError(f"the broker never came to {point!r}")
            clinic.kill("broker")
            clinic.start("broker")
            clinic.drain()
            stop.set()
            uplink.join(10)
        count = clinic.count()
    return Row(
        f"broker killed {point}", times, count.put, count.stored, count.lost, count.twice, count.integrity,
        time.monotonic() - began,
    )  # fmt: skip


def desk_down(folder: Path, results: int) -> Row:
    """Queue results while no desk is there, then start it."""
    began = time.monotonic()
    with ProcessClinic(folder, with_desk=False) as clinic:
        clinic.put(results)
        clinic.start("desk")
        clinic.drain(300)
        count = clinic.count()
    return Row(
        f"desk down, {results} queued", 1, count.put, count.stored, count.lost, count.twice, count.integrity,
        time.monotonic() - began,
    )  # fmt: skip


class _ForgetfulLink(PahoLink):
    """A desk's link that loses its first acknowledgements."""

    left: int

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry_s: int | None = None) -> bool:
        if topic.endswith(f"/{Channel.ACK}") and self.left > 0:
            self.left -= 1
            return True
        return super().publish(topic, payload, qos=qos, retain=retain, expiry_s=expiry_s)


def acks_lost(folder: Path, times: int) -> Row:
    """Lose the desk's acknowledgements after it has stored the results."""
    began = time.monotonic()
    with ProcessClinic(folder, with_desk=False) as clinic:
        store = DeskStore(folder / "desk.db")
        wake: list[Callable[[], None]] = []
        link = _ForgetfulLink(
            clinic.broker.settings(),
            client_id="desk",
            subscriptions=desk_subscriptions(clinic.desk_settings.site),
            on_fact=lambda: wake[0]() if wake else None,
        )
        link.left = times
        desk = DeskLink(DeskService(store, site=clinic.desk_settings.site), link)
        wake.append(desk.wake)
        desk.start()
        clinic.put(times)
        clinic.drain(120)
        desk.stop()
        store.close()
        count = clinic.count()
        if link.left:
            raise RuntimeError(f"{link.left} acknowledgements were not lost; the case did not happen")
    return Row(
        "acknowledgements lost", times, count.put, count.stored, count.lost, count.twice, count.integrity,
        time.monotonic() - began,
    )  # fmt: skip


def disk_faults(folder: Path, kind: Store, error: str, call: str, points: Iterable[int]) -> Row:
    """Fail the disk at each of these writes in turn."""
    began = time.monotonic()
    runs = [fail_at(folder, kind, error, call, nth) for nth in points]
    struck = [run for run in runs if run.struck]
    bad = [run.integrity for run in runs if run.integrity != "ok"]
    promised = sum(run.promised for run in runs)
    lost = sum(run.lost for run in runs)
    return Row(
        f"{kind}: {error} at {call} 1..{len(runs)}", len(struck), promised, promised - lost, lost,
        sum(run.twice for run in runs), bad[0] if bad else "ok", time.monotonic() - began,
    )  # fmt: skip


def table(rows: Sequence[Row]) -> str:
    """Return the table as text, with the two figures the bench keeps."""
    lines = [f"{'case':<42}{'faults':>7}{'put':>8}{'stored':>8}{'lost':>6}{'twice':>7}{'integrity':>11}{'s':>8}"]
    lines += [
        f"{r.case:<42}{r.faults:>7}{r.put:>8}{r.stored:>8}{r.lost:>6}{r.twice:>7}{r.integrity:>11}{r.seconds:>8.1f}"
        for r in rows
    ]
    lines += [f"kill.lost = {sum(r.lost for r in rows)}", f"kill.twice = {sum(r.twice for r in rows)}"]
    return "\n".join(lines)


def run(folder: Path, kills: int, times: int, results: int, points: int, seed: int) -> list[Row]:
    """Run every case; progress is printed as it goes."""
    cases: list[tuple[str, Callable[[Path], Row]]] = [("kills", lambda at: random_kills(at, kills, seed))]
    cases += [(point, lambda at, point=point: broker_at(at, point, times)) for point in POINTS]  # type: ignore[misc]
    cases += [
        ("desk down", lambda at: desk_down(at, results)),
        ("acks lost", lambda at: acks_lost(at, min(100, results))),
        ("outbox disk full", lambda at: disk_faults(at, "outbox", "ENOSPC", "pwrite64", range(1, points + 1))),
        ("outbox EIO", lambda at: disk_faults(at, "outbox", "EIO", "fdatasync", range(1, points // 2 + 1))),
        ("desk disk full", lambda at: disk_faults(at, "desk", "ENOSPC", "pwrite64", range(1, points + 1))),
        ("desk EIO", lambda at: disk_faults(at, "desk", "EIO", "fdatasync", range(1, points // 2 + 1))),
    ]
    rows = []
    for number, (_, case) in enumerate(cases):
        at = folder / str(number)
        at.mkdir()
        row = case(at)
        rows.append(row)
        sys.stdout.write(f"[{number + 1}/{len(cases)}] {row.case}: lost {row.lost}, twice {row.twice}\n")
        sys.stdout.flush()
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns 0 when nothing was lost, doubled or damaged."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.reliability.kill", description=__doc__.splitlines()[0])
    parser.add_argument("kills", type=int, nargs="?", default=1000)
    parser.add_argument("--times", type=int, default=50, help="broker kills at each of the six points")
    parser.add_argument("--results", type=int, default=10_000, help="results queued while the desk is down")
    parser.add_argument("--writes", type=int, default=50, help="how many of the first writes find the disk full")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kaopi-kill-") as folder:
        rows = run(Path(folder), chosen.kills, chosen.times, chosen.results, chosen.writes, chosen.seed)
    sys.stdout.write(table(rows) + "\n")
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
