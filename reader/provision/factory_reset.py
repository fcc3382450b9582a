"""Carries a factory reset out as root: on the word of staff at the screen or at a console, or after a power cut."""

from __future__ import annotations

import logging
import pwd
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from reader.config.factory_reset import PROGRESS_FILE, REQUEST_FILE, Progress, take_request, tell
from reader.config.load import Problem
from reader.config.refusal import REFUSAL_FILE, refuse
from reader.provision.importer import not_set_up
from reader.provision.reset import PLACES, reset

log = logging.getLogger(__name__)

KIOSK, UPLINK = "kaopi-kiosk.service", "kaopi-uplink.service"
READ_S = 15.0  # long enough to read that all is gone

Control = Callable[..., None]


def systemctl(*arguments: str) -> None:
    """Have systemd do it. What it cannot do (a screen that is gone) must not keep anything from being erased."""
    subprocess.run(["systemctl", *arguments], check=False)


def carry_out(
    *,
    owner: int | None = None,
    request: Path = REQUEST_FILE,
    places: tuple[Path, ...] = PLACES,
    progress: Path = PROGRESS_FILE,
    refusal: Path = REFUSAL_FILE,
    control: Control = systemctl,
    sleep: Callable[[float], None] = time.sleep,
) -> float:
    """Erase what staff asked for at the screen, which shows how far it is; return the seconds the erasing took.

    The kiosk is started anew twice: to show the progress without a file open, and as one that was never set up.
    Raises NotAsked when nobody asked; OSError when the card broke on the way: the screen says so.
    """
    operator = take_request(pwd.getpwnam("kaopi-kiosk").pw_uid if owner is None else owner, request)
    log.warning("operator %s has this kiosk erased", operator)
    shown = -1

    def show(share: float) -> None:
        nonlocal shown
        if (percent := int(share * 100)) != shown:
            shown = percent
            tell(Progress(percent), progress)

    control("stop", UPLINK)
    refuse([not_set_up()], refusal)
    show(0.0)
    control("restart", KIOSK)
    try:
        seconds = reset(places, log.info, show)
        tell(Progress(100, done=True), progress)
        control("try-restart", "NetworkManager.service")  # it still holds the passphrase
        log.info("blank again after %.0f s", seconds)
        sleep(READ_S)
    except OSError as error:
        refuse([_broken_off(error)], refusal)
        raise
    finally:
        tell(None, progress)
        control("restart", KIOSK)
    return seconds


def resume(places: tuple[Path, ...] = PLACES) -> float:
    """Go on where a power cut interrupted; return the seconds it took. Nothing else runs yet."""
    log.warning("a factory reset was interrupted: going on")
    return reset(places, log.info)


def at_the_console(say: Callable[[str], object], control: Control = systemctl) -> float:
    """Erase with the kiosk switched off; return the seconds it took."""
    control("stop", KIOSK, UPLINK)
    seconds = reset(say=say)
    subprocess.run(["systemd-tmpfiles", "--create", "kaopi.conf"], check=False)  # empty folders, for another set-up
    return seconds


def _broken_off(error: OSError) -> Problem:
    what = f"erasing broke off ({error.strerror or 'input/output error'}): not everything is gone"
    remedy = "Switch off and on to go on; if that does not help, destroy the card"
    japanese = (
        "消している途中で止まりました。まだ残っているものがあります。電源を入れなおすと続けます。"
        "それでも終わらないときは、SDカードをこわして捨ててください。"
    )
    return Problem("SD card", None, "", what, remedy, japanese)
