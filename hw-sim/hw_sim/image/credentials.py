"""Units that a machine gets from outside, as systemd's system credentials: the image itself stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "systemd.extra-unit."  # systemd-debug-generator(8)

# The image's own tmp.mount, repeated with one line more: what is mounted at every start can pull anything in.
_TMP_MOUNT = """[Unit]
Wants={wanted}
DefaultDependencies=no
Conflicts=umount.target
Before=local-fs.target umount.target
After=swap.target
[Mount]
What=tmpfs
Where=/tmp
Type=tmpfs
Options=mode=1777,strictatime,nosuid,nodev,size=50%
"""


def started(units: Mapping[str, str]) -> dict[str, str]:
    """Return the credentials that add these services (by short names, as QEMU's are) and start them at every start."""
    wanted = " ".join(f"{name}.service" for name in units)
    extra = {f"{PREFIX}{name}.service": text for name, text in units.items()}
    return {**extra, f"{PREFIX}tmp.mount": _TMP_MOUNT.format(wanted=wanted)}
