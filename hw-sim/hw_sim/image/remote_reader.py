"""``card_reader.remote``: the virtual card in the kiosk's own process, put in and taken out by AF_UNIX datagrams.

``insert PERSONA YYYY-MM-DD`` and ``remove``. For an image, where the simulator brings no driver for pcscd.
"""

from __future__ import annotations

import datetime
import logging
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path

from hw_sim.card.inprocess import InProcessReader, slot
from hw_sim.card.personas import persona

log = logging.getLogger(__name__)


def obey(reader: InProcessReader, command: str) -> None:
    """Do what one datagram says; what makes no sense is only logged."""
    try:
        match command.split():
            case ["insert", name, day]:
                reader.insert(persona(name, datetime.date.fromisoformat(day)))
            case ["remove"]:
                reader.remove()
            case _:
                log.error("simulator: the slot does not know %r", command)
    except (ValueError, KeyError) as error:
        log.error("simulator: %s: %s", command, error)


def _listen(link: socket.socket, reader: InProcessReader) -> None:
    while True:
        obey(reader, link.recv(256).decode("utf-8", "replace"))


def _listened_to(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        try:
            link.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


def open_card_reader(settings: Mapping[str, object]) -> InProcessReader:
    """Entry point ``card_reader.remote``. settings: socket (a path).

    Whoever opens it beside the kiosk, as the doctor does, gets an empty slot and leaves the kiosk's alone.
    """
    path = Path(str(settings["socket"]))
    if _listened_to(path):
        return InProcessReader()
    reader = slot("default")
    path.unlink(missing_ok=True)
    link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    before = os.umask(0o077)
    try:
        link.bind(str(path))
    finally:
        os.umask(before)
    threading.Thread(target=_listen, args=(link, reader), name="remote slot", daemon=True).start()
    return reader
