"""One patient over real PC/SC with canary secrets, everything logged; then a search of every place that can be written.

Run by test_card_canaries.py inside a namespace of its own: all mounts are made read-only and fresh tmpfs lie over the
places programs write to, so nothing can be written that is not searched. Prints JSON: {canary name: [where found]}.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
WRITABLE = ("/tmp", "/var/tmp", "/var/log", "/dev/shm", "/run")
PIN = "83619274"
TODAY = datetime.date(2026, 11, 22)


def seal() -> None:
    """Make every mount read-only and cover the writable places with empty tmpfs."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        target = line.split()[1].replace("\\040", " ")
        if not target.startswith(("/proc", "/sys", "/dev")):
            subprocess.run(["mount", "-o", "remount,bind,ro", target], check=False, capture_output=True)
    checkout = os.open(CHECKOUT, os.O_PATH)
    for place in WRITABLE:
        if Path(place).is_dir():
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True, capture_output=True)
            if CHECKOUT.is_relative_to(place):  # a clone in /tmp must still be there to run from, read-only
                CHECKOUT.mkdir(parents=True)
                here = f"/proc/{os.getpid()}/fd/{checkout}"
                bind = ["mount", "--no-canonicalize", "--bind", here, str(CHECKOUT)]
                subprocess.run(bind, check=True, capture_output=True)
                subprocess.run(["mount", "-o", "remount,bind,ro", str(CHECKOUT)], check=True, capture_output=True)
    Path("/run/pcscd").mkdir()
    with contextlib.suppress(OSError):
        Path("/root/probe").write_text("the root file system can still be written")
        raise SystemExit("the namespace is not sealed")


def session() -> dict[str, bytes]:
    """Serve one patient, well and badly. Returns the canaries."""
    from hw_sim.card.authority import simulator_trust
    from hw_sim.card.content import PERSONAL_NUMBER, _png, build_card
    from hw_sim.card.personas import base_content
    from hw_sim.card.vpcd import VpcdSlot
    from hw_sim.pcsc import PORTS, PcscDaemon

    from reader.card.photo_child import ChildProcessDecoder
    from reader.card.profile import MY_NUMBER_CARD
    from reader.card.visit import CardVisit
    from reader.devices.card_pcsc import PcscReader
    from reader.vault import Vault

    content = dataclasses.replace(base_content(TODAY), pin=PIN, birth=datetime.date(1977, 7, 13), serial=920_417_563)
    card = build_card(content)
    vault, decoder, reader = Vault(), ChildProcessDecoder(), PcscReader()
    log = logging.getLogger("session")
    with PcscDaemon() as daemon:
        slot = VpcdSlot(PORTS[0])
        slot.insert(card)
        while reader.poll(5.0) is None:
            continue
        visit = CardVisit(reader.connect(), MY_NUMBER_CARD, simulator_trust(), vault, TODAY, decoder)
        log.info("identity %s", visit.identify())
        face = visit.open_card_face(bytearray(content.number_b()))
        log.info("face %s vault %s", face, vault)
        pixels = bytes(vault.get(face.photo)[120])
        visit.verify_pin(bytearray(PIN.encode()))
        log.info("signed %s", visit.sign(b"nonce").signature_valid)
        visit.close()
        for secret, attempt in ((content.number_b()[::-1], "open_card_face"), (PIN.encode()[::-1], "verify_pin")):
            visit = CardVisit(reader.connect(), MY_NUMBER_CARD, simulator_trust(), vault, TODAY, decoder)
            try:
                getattr(visit, attempt)(bytearray(secret))
            except Exception:
                log.exception("refused")
            visit.close()
        slot.remove()
        log.info("pcscd said: %s", daemon.log())
    reader.close()
    decoder.close()
    vault.wipe()
    name = _png(216, 12, f"name{content.serial}")
    return {
        "PIN": PIN.encode(),
        "wrong PIN": PIN.encode()[::-1],
        "number B": content.number_b(),
        "wrong number B": content.number_b()[::-1],
        "12-digit number": PERSONAL_NUMBER.encode(),
        "birth": b"19770713",
        "birth ISO": b"1977-07-13",
        "name picture": name[60:84],
        "photo file": content.photo[len(content.photo) // 2 :][:24],
        "photo pixels": pixels[60:100],
        "certificate serial": b"920417563",
    }


def search(canaries: dict[str, bytes], extra: dict[str, bytes]) -> dict[str, list[str]]:
    """Where each canary is found: as it is, in hex, or in hex with blanks (how APDUs are logged)."""
    found: dict[str, list[str]] = {name: [] for name in canaries}
    places = dict(extra)
    for root in WRITABLE:
        for path in Path(root).rglob("*"):
            if path.is_file() and not path.is_relative_to(CHECKOUT):  # read-only: nothing was written there
                places[str(path)] = path.read_bytes()
    for name, canary in canaries.items():
        forms = (canary, canary.hex().encode(), canary.hex(" ").encode())
        for place, data in places.items():
            lowered = data.lower()
            if any(form in data or form.lower() in lowered for form in forms):
                found[name].append(place)
    return found


def main() -> int:
    """Seal, serve, search."""
    seal()
    os.environ["KAOPI_PCSC_NAMESPACE"] = "1"
    logging.basicConfig(filename="/var/log/kaopi.log", level=logging.DEBUG)
    logging.captureWarnings(True)
    canaries = session()
    if "--leak" in sys.argv:
        logging.getLogger("leak").debug("APDU %s", (b"\x00\x20\x00\x98\x08" + PIN.encode()).hex(" "))
    logging.shutdown()
    log_size = Path("/var/log/kaopi.log").stat().st_size
    sys.stdout.write(json.dumps({"found": search(canaries, {}), "log_bytes": log_size}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
