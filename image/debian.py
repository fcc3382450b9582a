"""Builds the Debian arm64 image with two slots: base system (cached), kaopi's package, overlay, slots, disk and bundle.

It boots in qemu-system-aarch64 by U-Boot. The image for a Raspberry Pi is made by rpi-image-gen from the same package
and overlay (image/rpi). Needs root, mmdebstrap, qemu-user-static with binfmt, erofs-utils, mtools, fdisk, u-boot-tools,
rauc. Same commit, same package, same base: same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kaopi" / "image"
SUITE = "trixie"
COMPATIBLE = "kaopi-qemu-arm64"

PACKAGES = (
    *(
        "ca-certificates",
        "dbus",
        "dosfstools",
        "e2fsprogs",
        "init-system-helpers",
        "initramfs-tools",
        "iproute2",
        "kmod",
    ),
    *("libasound2t64", "libccid", "libdrm2", "libegl1", "libgbm1", "libgl1-mesa-dri", "libgles2", "libnss-resolve"),
    *("libudev1", "linux-image-cloud-arm64", "network-manager", "openssh-server", "pcscd", "polkitd", "python3"),
    *("python3-pyscard", "python3-venv", "rauc", "rauc-service", "systemd-resolved", "systemd-sysv"),
    *("systemd-timesyncd", "udev", "wpasupplicant", "zstd"),
)
INITRAMFS = "MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n"
MODULES = ("virtio_pci", "virtio_mmio", "virtio_blk", "ext4", "erofs", "overlay", "vfat", "nls_ascii", "nls_cp437")
# Nobody reads a manual on a kiosk; licences stay.
EXCLUDE = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*")
NEEDED = {
    "mmdebstrap": "mmdebstrap",
    "mkfs.erofs": "erofs-utils",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "mke2fs": "e2fsprogs",
    "sfdisk": "fdisk",
    "mkimage": "u-boot-tools",
    "rauc": "rauc",
    "qemu-aarch64-static": "qemu-user-static",
}

MIB = 1 << 20
SECTOR = 512
#: Partitions of the disk: name, MiB, GPT type. Before the first lies the sector that names the slot to start.
PARTITIONS = (
    ("kaopi", 64, "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"),
    ("boot_a", 96, "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"),
    ("boot_b", 96, "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"),
    ("root_a", 1024, "0FC63DAF-8483-4772-8E79-3D69D8477DE4"),
    ("root_b", 1024, "0FC63DAF-8483-4772-8E79-3D69D8477DE4"),
    ("data", 512, "0FC63DAF-8483-4772-8E79-3D69D8477DE4"),
)
FIRST_MIB = 2
DATA_FOLDERS = (("etc-kaopi", 0o755), ("var-kaopi", 0o755), ("network", 0o700), ("timesync", 0o755), ("rauc", 0o700))
_SPACE = "6b616f70-6900-4000-8000-"


def say(text: str) -> None:
    """Show progress at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what begins, and how long it took."""
    say(f"{name} …")
    began = time.monotonic()
    yield
    say(f"{name}: {time.monotonic() - began:.0f} s")


def run(*arguments: str | Path, cwd: Path | None = None, epoch: int | None = None) -> str:
    """Run a program; its output appears only when it fails."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    environment["PATH"] += ":/usr/sbin:/sbin"
    if epoch is not None:
        environment["SOURCE_DATE_EPOCH"] = str(epoch)
        environment["E2FSPROGS_FAKE_TIME"] = str(epoch)  # mke2fs before 1.47.1
    result = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))}\n{result.stdout[-3000:]}{result.stderr[-3000:]}")
    return result.stdout


def able() -> None:
    """End with what is missing, in words."""
    if os.geteuid() != 0:
        raise SystemExit("building an image needs root: sudo make image")
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    if missing := [package for tool, package in NEEDED.items() if shutil.which(tool, path=path) is None]:
        raise SystemExit(f"missing: apt install {' '.join(missing)}")
    if os.uname().machine != "aarch64":
        binfmt = Path("/proc/sys/fs/binfmt_misc")
        if not (binfmt / "status").exists():
            run("mount", "-t", "binfmt_misc", "binfmt_misc", binfmt)
        if not (binfmt / "qemu-aarch64").exists():
            run("update-binfmts", "--enable", "qemu-aarch64")


def built_package() -> Path:
    """Return the package that `make deb SUITE=trixie ARCH=arm64` left."""
    found = sorted((ROOT / "out/deb").glob("kaopi_*~deb13_arm64.deb"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SystemExit("no package yet: make deb SUITE=trixie ARCH=arm64")
    return found[-1]


def image_version(bump: int = 0) -> str:
    """Return the project's version with the commit's time as the build, so that a later build counts as newer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    build = run("git", "log", "-1", "--format=%cd", "--date=format-local:%Y%m%d%H%M", cwd=ROOT).strip()
    return f"{project}+{int(build) + bump}"


def base(cache: Path, epoch: int) -> Path:
    """Return the base system as a tar, built where this recipe has not been built before (a quarter of an hour)."""
    recipe = "\n".join((SUITE, *PACKAGES, INITRAMFS, *MODULES, *EXCLUDE))
    tar = cache / f"base-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}.tar"
    if tar.exists():
        say(f"base system: {tar.name} is there")
        return tar
    cache.mkdir(parents=True, exist_ok=True)
    draft = tar.with_suffix(".draft.tar")
    setup = (
        'mkdir -p "$1"/etc/initramfs-tools/conf.d; '
        f"printf '{INITRAMFS.encode('unicode_escape').decode()}' > \"$1\"/etc/initramfs-tools/conf.d/kaopi.conf; "
        f"printf '%s\\n' {' '.join(MODULES)} > \"$1\"/etc/initramfs-tools/modules"
    )
    with step(f"base system of {len(PACKAGES)} packages and what they need, under emulation"):
        run(
            *("mmdebstrap", "--mode=root", "--arch=arm64", "--variant=minbase", f"--include={','.join(PACKAGES)}"),
            '--aptopt=Acquire::Languages "none"',
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDE),
            *("--dpkgopt=path-include=/usr/share/doc/*/copyright", "--dpkgopt=force-unsafe-io"),
            *(f"--setup-hook={setup}", SUITE, draft),
            epoch=epoch,
        )
    draft.rename(tar)
    return tar


def root_with_package(cache: Path, tar: Path, package: Path, epoch: int) -> Path:
    """Return a folder with base and package installed, cached by both."""
    digest = hashlib.sha256(package.read_bytes()).hexdigest()[:16]
    root = cache / f"root-{tar.stem.removeprefix('base-')}-{digest}"
    if root.exists():
        say(f"system with the package: {root.name} is there")
        return root
    draft = root.with_name(root.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    with step(f"installing {package.name}, under emulation"):
        run("tar", "-xpf", tar, "--numeric-owner", "-C", draft)
        shutil.copyfile(package, draft / "kaopi.deb")
        inside = 'mount -t proc proc "$0/proc" && chroot "$0" dpkg --force-unsafe-io --install /kaopi.deb'
        run("unshare", "--mount", "sh", "-c", inside, draft, epoch=epoch)
        (draft / "kaopi.deb").unlink()
    draft.rename(root)
    return root


def lay_over(overlay: Path, root: Path) -> None:
    """Copy files over a system, as root's and made now: neither umask nor age of a checkout may show in an image."""
    for source in sorted(overlay.rglob("*")):
        target = root / source.relative_to(overlay)
        if source.is_dir():
            if not target.exists():
                target.mkdir()
                target.chmod(0o755)
            continue
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def finish(system: Path, root: Path, version: str, keyring: Path) -> None:
    """Copy the installed system to ``root`` and lay the overlay and this board's files over it."""
    shutil.rmtree(root, ignore_errors=True)
    run("cp", "-a", "--reflink=auto", system, root)
    lay_over(HERE / "overlay", root)
    write(root / "etc/fstab", (HERE / "qemu/fstab").read_text("utf-8"))
    write(root / "etc/rauc/system.conf", (HERE / "qemu/system.conf").read_text("utf-8"))
    write(root / "etc/rauc/keyring.pem", keyring.read_text("ascii"))
    write(root / "usr/share/kaopi/board", "qemu /dev/vda\n")
    write(root / "usr/share/kaopi/image-version", f"{version}\n")
    write(root / "etc/hostname", "kaopi\n")
    write(root / "etc/machine-id", "")  # each start makes its own in memory
    # Nobody is at home: no password, no root login at the console.
    run("chroot", root, "passwd", "--lock", "root")
    for folder in ("data", "bootfs"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for file in (
        *("etc/kaopi/site.toml", "etc/resolv.conf", "etc/localtime", "var/lib/dbus/machine-id"),
        *("initrd.img.old", "vmlinuz.old"),
    ):
        (root / file).unlink(missing_ok=True)
    (root / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")
    (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    for host_key in (root / "etc/ssh").glob("ssh_host_*"):
        host_key.unlink()
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    for unit in ("kaopi-provision.service", "kaopi-gate.service", "rauc.service"):
        link = wants / unit
        link.unlink(missing_ok=True)
        link.symlink_to(f"/usr/lib/systemd/system/{unit}")
    # An unset console and updates of single packages have no place on a read-only root.
    for unit in ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "getty@tty1.service"):
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    for folder in ("var/cache", "var/lib/apt/lists", "var/log", "tmp", "var/tmp"):
        for entry in (root / folder).iterdir() if (root / folder).exists() else ():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file of root's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def slots(root: Path, folder: Path, epoch: int) -> tuple[Path, Path]:
    """Make the two images of a slot: boot (FAT: kernel, initrd) and root (erofs, LZ4)."""
    boot, system = folder / "boot.vfat", folder / "root.erofs"
    boot.unlink(missing_ok=True)
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    (initrd,) = (root / "boot").glob("initrd.img-*")
    run("mkfs.vfat", "--invariant", "-F", "16", "-n", "BOOT", "-C", boot, str(PARTITIONS[1][1] * 1024), epoch=epoch)
    for source, name in ((kernel, "vmlinuz"), (initrd, "initrd.img")):
        run("mcopy", "-i", boot, "-m", source, f"::{name}", epoch=epoch)
    system.unlink(missing_ok=True)
    uuid = _SPACE + "000000000001"
    run("mkfs.erofs", "-zlz4", f"-T{epoch}", f"-U{uuid}", system, root, epoch=epoch)
    limit = PARTITIONS[3][1] * MIB
    if system.stat().st_size > limit:
        raise SystemExit(f"the system has {system.stat().st_size / 1e6:.0f} MB, a slot only {limit / 1e6:.0f}")
    return boot, system


def disk(boot: Path, system: Path, target: Path, epoch: int) -> None:
    """Put a whole disk together: both slots filled alike, so that the very first update has a way back."""
    folder = target.parent
    data, config = folder / "data.ext4", folder / "config.vfat"
    skeleton = folder / "data"
    shutil.rmtree(skeleton, ignore_errors=True)
    for name, mode in DATA_FOLDERS:
        (skeleton / name).mkdir(parents=True)
        (skeleton / name).chmod(mode)
        os.utime(skeleton / name, (epoch, epoch))
    data.unlink(missing_ok=True)
    options = f"hash_seed={_SPACE}000000000002,lazy_itable_init=0,nodiscard"
    uuid = _SPACE + "000000000003"
    size = f"{PARTITIONS[5][1]}M"
    run("mke2fs", "-q", "-t", "ext4", "-L", "data", "-U", uuid, "-E", options, "-d", skeleton, data, size, epoch=epoch)
    # mke2fs copies the folders' own ctime, which nobody can set.
    times = folder / "times"
    paths = ("/", "/lost+found", *(f"/{name}" for name, _ in DATA_FOLDERS))
    fields = ("atime", "ctime", "mtime", "crtime")
    times.write_text("".join(f"sif {path} {field} @{epoch}\n" for path in paths for field in fields), "ascii")
    run("debugfs", "-w", "-f", times, data, epoch=epoch)
    config.unlink(missing_ok=True)
    run("mkfs.vfat", "--invariant", "-F", "16", "-n", "KAOPI", "-C", config, str(PARTITIONS[0][1] * 1024), epoch=epoch)
    script = folder / "boot.scr"
    run(*("mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-n", "kaopi", "-d", HERE / "qemu/boot.cmd", script),
        epoch=epoch)  # fmt: skip
    os.utime(script, (epoch, epoch))
    run("mcopy", "-i", config, "-m", script, "::boot.scr", epoch=epoch)
    total = FIRST_MIB + sum(size for _, size, _ in PARTITIONS) + 1
    target.unlink(missing_ok=True)
    with target.open("wb") as stream:
        stream.truncate(total * MIB)
    table = f"label: gpt\nlabel-id: {_SPACE}000000000010\nfirst-lba: 2048\n"
    start = FIRST_MIB
    for number, (name, size_mib, kind) in enumerate(PARTITIONS):
        flags = ', attrs="LegacyBIOSBootable"' if number == 0 else ""
        table += (
            f"start={start * MIB // SECTOR}, size={size_mib * MIB // SECTOR}, type={kind}, "
            f'uuid={_SPACE}0000000001{number:02d}, name="{name}"{flags}\n'
        )
        start += size_mib
    partitioner = subprocess.run(
        ["/usr/sbin/sfdisk", "--quiet", str(target)], input=table, text=True, capture_output=True, check=False
    )
    if partitioner.returncode:
        raise SystemExit(partitioner.stderr)
    start = FIRST_MIB
    for (_, size_mib, _), content in zip(PARTITIONS, (config, boot, boot, system, system, data), strict=True):
        run("dd", f"if={content}", f"of={target}", "bs=1M", f"seek={start}", "conv=notrunc,sparse", "status=none")
        start += size_mib


def bundle(boot: Path, system: Path, target: Path, version: str, keys: Path, form: str = "verity") -> None:
    """Sign an update of both images."""
    content = target.parent / "bundle"
    shutil.rmtree(content, ignore_errors=True)
    content.mkdir()
    os.link(boot, content / "boot.img")
    os.link(system, content / "root.img")
    manifest = f"[update]\ncompatible={COMPATIBLE}\nversion={version}\n\n[bundle]\nformat={form}\n\n"
    manifest += "[image.boot]\nfilename=boot.img\n\n[image.rootfs]\nfilename=root.img\n"
    (content / "manifest.raucm").write_text(manifest, "utf-8")
    target.unlink(missing_ok=True)
    # The images are compressed, or read once: packing them again would only cost time on the kiosk.
    packing = "--mksquashfs-args=-noI -noD -noF -noX"
    run("rauc", "bundle", f"--cert={keys / 'release.crt'}", f"--key={keys / 'release.key'}", packing, content, target)
    shutil.rmtree(content)


def main(arguments: list[str] | None = None) -> int:
    """Build; print paths, sizes, hashes and times. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=Path, help="kaopi's arm64 package for trixie; else the one in out/deb")
    parser.add_argument("--bump", type=int, default=0, help="add this to the version's build number")
    parser.add_argument("--keys", type=Path, required=True, help="folder of ca.crt, release.crt, release.key")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "image")
    parser.add_argument("--cache", type=Path, default=CACHE)
    options = parser.parse_args(arguments)
    able()
    began = time.monotonic()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct", cwd=ROOT).strip())
    options.out.mkdir(parents=True, exist_ok=True)
    package, version = options.package or built_package(), image_version(options.bump)
    system = root_with_package(options.cache, base(options.cache, epoch), package, epoch)
    for old in options.out.glob("kaopi-arm64*"):
        old.unlink()
    name = f"kaopi-arm64-{version}"
    image, update = options.out / "kaopi-arm64.img", options.out / f"{name}.raucb"
    with step("overlay"):
        root = options.out / "root"
        finish(system, root, version, options.keys / "ca.crt")
    with step("slots"):
        boot, erofs = slots(root, options.out, epoch)
        shutil.rmtree(root)
    with step("disk"):
        disk(boot, erofs, image, epoch)
    with step("signed update"):
        bundle(boot, erofs, update, version, options.keys)
    for path in (image, update):
        digest = hashlib.file_digest(path.open("rb"), "sha256").hexdigest()
        path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n", "ascii")
        held = path.stat().st_blocks * 512
        say(f"{path}\n  {path.stat().st_size / 1e6:.0f} MB ({held / 1e6:.0f} MB on disk)  sha256 {digest}")
    say(f"all in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
