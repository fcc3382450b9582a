"""``make image-test``: the built image boots, is set up, serves a patient, is updated, and survives power cuts.

Everything is done as at a clinic: the set-up file goes onto the boot partition, a technician comes in by ssh key,
updates are signed files on a second disk. What was seen is kept in ``--out``: report.json, console.log, pictures of the
screen, and the message that the desk stored.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hw_sim.broker.mosquitto import Mosquitto
from hw_sim.image import bundles, clinic
from hw_sim.image.cuts import cut_off, fall_back
from hw_sim.image.machine import Machine, MachineFailed, overlay_of
from reader.desk.link import paho_desk_link
from reader.desk.service import DeskService
from reader.desk.store import Store
from reader.uplink.messages import ResultMessage

SLOW = 20.0
CUTS = 20
PIN = "1234"
JST = dt.timezone(dt.timedelta(hours=9))


@dataclass(slots=True)
class Report:
    """What was proved, with seconds; written after every stage."""

    file: Path
    stages: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Show progress."""
        sys.stdout.write(f"{time.monotonic() - self.began:7.0f} s  {text}\n")
        sys.stdout.flush()

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, Any]]:
        """Time a stage; what its body puts into the dict is kept."""
        self.say(f"{name} …")
        began, found = time.monotonic(), dict[str, Any]()
        self.stages[name] = found
        try:
            yield found
        except BaseException as error:
            found["failed"] = str(error)[-3000:]
            raise
        finally:
            found["seconds"] = round(time.monotonic() - began, 1)
            self.file.write_text(json.dumps(self.stages, ensure_ascii=False, indent=1) + "\n", "utf-8")
        self.say(f"{name}: {found}")


def _tell(socket: str, *commands: str) -> str:
    """Return a shell command that sends datagrams to a socket of the simulator."""
    code = "import socket,sys\\nlink=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\\n"
    code += "for word in sys.argv[2:]: link.sendto(word.encode(), sys.argv[1])"
    words = " ".join(f"'{word}'" for word in commands)
    return f'printf "{code}" > /tmp/tell.py && python3 /tmp/tell.py {socket} {words}'


class Kiosk:
    """The kiosk inside, driven by a technician's ssh and a patient's fingers."""

    def __init__(self, machine: Machine, slow: float) -> None:
        self.machine, self.slow = machine, slow
        self._seen = 0

    def steps(self) -> list[str]:
        """Return every step the kiosk entered since it started."""
        said = self.machine.run("journalctl -b --no-pager -o cat -u kaopi-kiosk", check=False)
        return re.findall(r"step \w+ -> (\w+)", said)

    def until(self, *names: str, within_s: float) -> str:
        """Wait until one of these steps is entered, after those seen before. Raises MachineFailed."""
        deadline = time.monotonic() + within_s
        while True:
            steps = self.steps()
            for number, step in enumerate(steps[self._seen :], self._seen):
                if step in names:
                    self._seen = number + 1
                    return step
            if time.monotonic() > deadline or not self.machine.running():
                log = self.machine.run(
                    "journalctl -b --no-pager -u kaopi-kiosk -u kaopi-uplink | tail -60", check=False
                )
                raise MachineFailed(f"never came to {names}, only {steps}:\n{log}")
            time.sleep(2)

    def press(self, *names: str) -> None:
        """Touch buttons or digits."""
        self.machine.run(_tell(clinic.SCREEN_SOCKET, *(f"press {name}" for name in names)))

    def slot(self, command: str) -> None:
        """Put the card in or take it out."""
        self.machine.run(_tell(clinic.SLOT_SOCKET, command))

    def picture(self, target: Path) -> None:
        """Keep what the screen shows."""
        self.machine.run(_tell(clinic.SCREEN_SOCKET, "picture /run/kaopi/screen.png"))
        deadline = time.monotonic() + 10 * self.slow
        while "screen.png" not in self.machine.run("ls /run/kaopi").split():  # a draft is called otherwise
            if time.monotonic() > deadline:
                raise MachineFailed("no picture of the screen")
            time.sleep(1)
        self.machine.fetch("/run/kaopi/screen.png", target)
        self.machine.run("rm /run/kaopi/screen.png")


def serve(kiosk: Kiosk, store: Store, out: Path) -> dict[str, Any]:
    """One patient by PIN, from card to desk; return what the desk stored."""
    kiosk.slot(f"insert normal {dt.datetime.now(JST).date().isoformat()}")
    began = time.monotonic()
    limit = 30 * kiosk.slow
    kiosk.until("face", within_s=limit)
    kiosk.press("use_pin")
    kiosk.until("pin_entry", within_s=limit)
    kiosk.press(*PIN, "next")
    kiosk.until("consent", within_s=limit)
    kiosk.picture(out / "consent.png")
    kiosk.press("agree_all")
    kiosk.until("done", within_s=limit)
    kiosk.picture(out / "done.png")
    kiosk.slot("remove")
    kiosk.until("idle", within_s=limit)
    deadline = time.monotonic() + limit
    while store.count_results() == 0:
        if time.monotonic() > deadline:
            raise MachineFailed("the desk received nothing")
        time.sleep(1)
    message: ResultMessage = store.results_after(0)[-1].message
    (out / "message.json").write_text(message.model_dump_json(by_alias=True, indent=1) + "\n", "utf-8")
    return {
        "outcome": str(message.outcome),
        "result_id": str(message.result_id),
        "visit_seconds": round(time.monotonic() - began, 1),
    }


def live(image: Path, new: bundles.Update, keys: Path, out: Path, report: Report) -> None:
    """One kiosk's life, from the first boot to the first update. Raises MachineFailed."""
    work = out / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    own, key = clinic.certificates(work / "tls"), clinic.ssh_key(work)
    raw = work / "disk.img"
    subprocess.run(["cp", "--sparse=always", str(image), str(raw)], check=True)
    simulator = clinic.simulator_disk(work, SLOW)
    with report.stage("bundles"):
        updates = bundles.disk(work, new, keys)
    broker = Mosquitto(work / "broker", own, site=clinic.SITE)
    store = Store(work / "desk.sqlite3")
    with broker:
        link = paho_desk_link(DeskService(store, site=clinic.SITE), broker.settings("desk"), "desk")
        link.start()
        try:
            clinic.put_on_boot_partition(raw, clinic.setup_file(work, own, broker.port, key, SLOW))
            disk = overlay_of(raw, work / "disk.qcow2")
            machine = Machine(disk, work / "machine", key, (simulator, updates), clinic.CREDENTIALS)
            with machine:
                _in_one_life(machine, store, new, out, report)
        finally:
            link.stop()
            store.close()
    shutil.copyfile(machine.console, out / "console.log")


def _in_one_life(machine: Machine, store: Store, new: bundles.Update, out: Path, report: Report) -> None:
    """First boot, one patient, refused bundles, one update that the doctor finds good."""
    kiosk = Kiosk(machine, SLOW)
    with report.stage("first boot to the start screen") as found:
        machine.until("kaopi: the simulator is in place", within_s=30 * SLOW)
        machine.reachable(60 * SLOW)
        kiosk.until("idle", within_s=60 * SLOW)
        kiosk.picture(out / "start.png")
        found["boot_partition"] = machine.run("ls /bootfs").split()
        assert found["boot_partition"] == ["boot.scr"], "the set-up file is gone"
        found["failed_units"] = machine.run("systemctl --failed --plain --no-legend").split("\n")[0]
    with report.stage("one patient") as found:
        found.update(serve(kiosk, store, out))
        assert found["outcome"] == "accepted"
    site = machine.run("sha256sum < /etc/kaopi/site.toml").split()[0]
    machine.run("mkdir -p /run/bundles && mount -o ro /dev/vdc /run/bundles")
    with report.stage("refused bundles") as found:
        before = machine.run("kaopi update status")
        for name, why in bundles.REFUSED.items():
            said = machine.run(
                f"kaopi update install --no-restart /run/bundles/{name}.raucb; echo code $?", within_s=900
            )
            assert "code 0" not in said, f"{name} was installed: {said}"
            assert why in said.lower(), f"{name} was refused, but not for {why!r}: {said}"
            found[name] = next(line for line in said.splitlines() if why in line.lower())
        after = machine.run("kaopi update status")
        assert before.splitlines()[0] == after.splitlines()[0]
    with report.stage("update") as found:
        place = machine.mark()
        said = machine.run("kaopi update install /run/bundles/new.raucb", check=False, within_s=3000)
        found["installed"] = said.strip().splitlines()[:1]
        machine.until("kaopi: starting slot B", since=place, within_s=30 * SLOW)
        machine.until("the new slot is good", since=place, within_s=180 * SLOW)
        machine.reachable(30 * SLOW)
        found["status"] = machine.run("kaopi update status").strip().splitlines()
        assert f"version {new.version} runs in slot B; primary is B" in found["status"][0]
        assert machine.run("sha256sum < /etc/kaopi/site.toml").split()[0] == site


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.image.prove", description=__doc__.splitlines()[0])
    parser.add_argument("--image", type=Path, required=True, help="folder of kaopi-arm64.img, boot.vfat, root.erofs")
    parser.add_argument("--update", type=Path, required=True, help="folder of the newer build")
    parser.add_argument("--keys", type=Path, required=True, help="folder of the release keys")
    parser.add_argument("--out", type=Path, default=Path("out/image-test"))
    parser.add_argument("--full", type=int, default=CUTS, help="how many power cuts are followed up to Linux")
    parser.add_argument("--only", choices=["life", "cuts"], help="a half of it")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    report = Report(options.out / "report.json")
    new = bundles.newest(options.update)
    old = (options.image / "boot.vfat", options.image / "root.erofs")
    try:
        if options.only != "cuts":
            live(options.image / "kaopi-arm64.img", new, options.keys, options.out.resolve(), report)
        if options.only != "life":
            with report.stage("power cuts") as found:
                image = options.image / "kaopi-arm64.img"
                folder = options.out.resolve() / "cuts"
                photos = cut_off(image, old, new, folder, CUTS, options.full, SLOW, found, report.say)
            with report.stage("a new slot that cannot start") as found:
                found["started"] = fall_back(photos, folder, SLOW)
    except (MachineFailed, AssertionError) as error:
        report.say(f"failed: {error}")
        return 1
    digest = hashlib.sha256((options.image / "kaopi-arm64.img").read_bytes()).hexdigest()
    report.say(f"all proved, for the image with sha256 {digest}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
