"""Whether a bundle may be installed now. RAUC asks before it writes anything (its pre-install handler)."""

from __future__ import annotations

import configparser
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reader.sdnotify import OUT_OF_SERVICE, REFUSED, WAITING
from reader.update.version import BadVersion, Version

IMAGE_VERSION_FILE = Path("/usr/share/kaopi/image-version")


class Refused(Exception):
    """The update is not installed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """What systemd knows of the kiosk: whether it runs, and the last status it gave."""

    running: bool
    status: str

    @property
    def busy(self) -> bool:
        """Whether somebody may be standing there. A kiosk that does not run, or shows a refusal, serves nobody."""
        return self.running and self.status not in (WAITING, OUT_OF_SERVICE, REFUSED)


def kiosk_now() -> Kiosk:
    """Ask systemd."""
    command = ["systemctl", "show", "--property=ActiveState", "--property=StatusText", "kaopi-kiosk.service"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    words = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return Kiosk(words.get("ActiveState") in ("active", "activating", "reloading"), words.get("StatusText", ""))


def check(bundle: Version, running: Version, floor: Version | None, kiosk: Kiosk) -> None:
    """Raise Refused when this version must not be installed, or not now. The same version again repairs a slot."""
    least = max(running, floor) if floor is not None else running
    if bundle < least:
        raise Refused(f"the bundle holds {bundle}, older than {least}: take the newest bundle")
    if kiosk.busy:
        raise Refused(f"a patient is being served ({kiosk.status or 'no status'}): try again when nobody is there")


def bundle_version(environ: Mapping[str, str]) -> Version:
    """Return the version of the bundle that RAUC has verified and mounted. Raises Refused."""
    mount = environ.get("RAUC_BUNDLE_MOUNT_POINT") or environ.get("RAUC_UPDATE_SOURCE")
    if not mount:
        raise Refused("this is called by RAUC: install with `kaopi update install FILE`")
    manifest = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    try:
        manifest.read_string((Path(mount) / "manifest.raucm").read_text("utf-8"))
        return Version.parse(manifest["update"]["version"])
    except (OSError, KeyError, BadVersion, configparser.Error) as error:
        raise Refused(f"the bundle says no version ({error}): build it with `make image`") from None


def running_version(file: Path = IMAGE_VERSION_FILE) -> Version:
    """Return the version of the image that runs. Raises Refused where kaopi was not installed as an image."""
    try:
        return Version.parse(file.read_text("ascii"))
    except (OSError, BadVersion):
        raise Refused("this installation is no image: update it by apt") from None
