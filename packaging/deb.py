"""Builds kaopi_VERSION_ARCH.deb: a private Python environment with every wheel, the models, units and rules inside.

It needs the registry only while building; installing needs none. Python itself, pcscd, and what only a distribution
can build (pyscard, picamera2, lgpio) stay the distribution's. Same commit and same wheels give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
PREFIX = "usr/lib/kaopi"


@dataclass(frozen=True, slots=True)
class Suite:
    """What differs between two Debian suites."""

    number: int
    python: str
    sound: str


SUITES = {"bookworm": Suite(12, "3.11", "libasound2"), "trixie": Suite(13, "3.13", "libasound2t64")}
# The platform tags pip may take wheels for; glibc of bookworm is 2.36.
_GLIBC = ("2_17", "2_24", "2_26", "2_27", "2_28", "2_31", "2_34", "2_35")
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_ELF_MACHINES = {62: "amd64", 183: "arm64"}  # e_machine of the ELF header

# The wheels link the C and C++ libraries; SDL loads the console display, its GL driver and sound at run time.
_DEPENDS = [
    "libasound2",
    "libc6 (>= 2.35)",
    "libccid",
    "libdrm2",
    "libegl1",
    "libgbm1",
    "libgcc-s1",
    "libgl1-mesa-dri",
    "libgles2",
    "libstdc++6",
    "libudev1",
    "pcscd",
    "polkitd",
    "python3-pyscard",
    "systemd",
    "tzdata",
    "zlib1g",
]
# Only the Raspberry Pi archive has all of these.
_RECOMMENDS = ["python3-picamera2", "python3-libcamera", "python3-lgpio", "systemd-timesyncd | time-daemon"]


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"packaging_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


lock = _module("lock")
sbom = _module("sbom")
wheels = _module("wheels")


def depends(suite: Suite) -> list[str]:
    """Return the packages this one needs, for one suite."""
    major, minor = suite.python.split(".")
    python = [f"python3 (>= {suite.python})", f"python3 (<< {major}.{int(minor) + 1})"]
    return [*python, *[suite.sound if name == "libasound2" else name for name in _DEPENDS]]


def run(*arguments: str | Path, quiet: bool = True) -> None:
    """Run a program; its output appears only when it fails."""
    result = subprocess.run(
        list(map(str, arguments)), capture_output=quiet, text=True, check=False, env=os.environ | {"LC_ALL": "C.UTF-8"}
    )
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))}\n{result.stdout or ''}{result.stderr or ''}")


def say(text: str) -> None:
    """Show progress."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def elf_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every program and library below ``folder`` with the architecture it is for."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                head = file.read(20)
            if head[:4] == b"\x7fELF":
                machine = int.from_bytes(head[18:20], "little")
                yield path, _ELF_MACHINES.get(machine, f"machine {machine}")


class Package:
    """One package under construction, staged in a folder."""

    def __init__(self, suite_name: str, architecture: str, out: Path) -> None:
        self.suite_name, self.suite, self.architecture, self.out = suite_name, SUITES[suite_name], architecture, out
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        self.version = f"{project['version']}-1~deb{self.suite.number}"
        self.wanted = [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in project["dependencies"]]
        self.stage = out / "stage" / f"{suite_name}-{architecture}"
        self.site_packages = self.stage / PREFIX / "lib" / f"python{self.suite.python}" / "site-packages"
        self.epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or _commit_time())
        self.pins = lock.runtime(lock.read(ROOT / "requirements" / f"py{self.suite.python}.txt"), self.wanted)

    def build(self) -> Path:
        """Stage everything and close the package. Returns its path."""
        shutil.rmtree(self.stage, ignore_errors=True)
        self.site_packages.mkdir(parents=True)
        say(f"libraries: {len(self.pins)} wheels for {self.architecture}, Python {self.suite.python}")
        self._libraries()
        say("kaopi itself")
        self._kaopi()
        self._environment()
        self._models()
        self._system()
        self._documents()
        self._control()
        return self._close()

    def _libraries(self) -> None:
        requirements = self.stage.parent / f"{self.stage.name}.txt"
        requirements.write_text("".join(pin.line() + "\n" for pin in self.pins), encoding="utf-8")
        machine = MACHINES[self.architecture]
        platforms = [f"--platform=manylinux_{glibc}_{machine}" for glibc in _GLIBC]
        platforms += [f"--platform=manylinux2014_{machine}", f"--platform=linux_{machine}"]
        folder = self._empty("wheels")
        run(
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *("--only-binary=:all:", "--implementation=cp", f"--python-version={self.suite.python}", *platforms),
            *("--dest", folder, "--requirement", requirements),
        )
        for wheel in sorted(folder.glob("*.whl")):
            wheels.unpack(wheel, self.site_packages)

        foreign = [f"{path.relative_to(self.stage)} ({machine})" for path, machine in elf_files(self.stage)]
        foreign = [line for line in foreign if not line.endswith(f"({self.architecture})")]
        if foreign:
            raise SystemExit(f"not for {self.architecture}: {', '.join(foreign)}")

    def _kaopi(self) -> None:
        folder = self._empty("own")
        run(
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"),
            *("--wheel-dir", folder, ROOT),
        )
        (wheel,) = folder.glob("kaopi-*.whl")
        wheels.unpack(wheel, self.site_packages)
        if list(self.site_packages.glob("hw_sim*")):
            raise SystemExit("the simulator is inside the package")

    def _empty(self, name: str) -> Path:
        folder = self.stage.parent / f"{self.stage.name}-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def _environment(self) -> None:
        """A Python environment by hand: the interpreter is the distribution's, found by its link."""
        prefix = self.stage / PREFIX
        (prefix / "bin").mkdir()
        (prefix / "bin" / "python3").symlink_to(f"/usr/bin/python{self.suite.python}")
        (prefix / "pyvenv.cfg").write_text(
            f"home = /usr/bin\ninclude-system-site-packages = true\nversion = {self.suite.python}\n", encoding="utf-8"
        )
        for pattern in _NOT_NEEDED:
            for path in self.site_packages.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        _write(self.stage / "usr/bin/kaopi", (HERE / "debian/kaopi.py").read_text(encoding="utf-8"), 0o755)

    def _models(self) -> None:
        target = self.stage / "usr/share/kaopi/models"
        target.mkdir(parents=True)
        manifest = tomllib.loads((ROOT / "models/manifest.toml").read_text(encoding="utf-8"))
        for name, entry in manifest["models"].items():
            source = ROOT / "models" / f"{name}.onnx"
            if not source.is_file() or hashlib.sha256(source.read_bytes()).hexdigest() != entry["sha256"]:
                raise SystemExit(f"{source} is missing or not the manifest's: run `make models` first")
            shutil.copyfile(source, target / source.name)

    def _system(self) -> None:
        lib = self.stage / "usr/lib"
        source = ROOT / "systemd"
        for unit in sorted([*source.glob("*.service"), *source.glob("*.timer"), *source.glob("*.path")]):
            _copy(unit, lib / "systemd/system" / unit.name)
        for folder in ("journald.conf.d", "coredump.conf.d", "system.conf.d"):
            for file in sorted((source / folder).glob("*.conf")):
                _copy(file, lib / "systemd" / folder / file.name)
        for folder in ("sysusers.d", "tmpfiles.d", "sysctl.d"):
            for file in sorted((source / folder).glob("*.conf")):
                _copy(file, lib / folder / file.name)
        for file in sorted((source / "udev").glob("*.rules")):
            _copy(file, lib / "udev/rules.d" / file.name)
        for file in sorted((source / "polkit").glob("*.rules")):
            _copy(file, self.stage / "usr/share/polkit-1/rules.d" / file.name)
        _copy(source / "rescue", self.stage / PREFIX / "rescue", 0o755)
        _copy(HERE / "debian/site.example.toml", self.stage / "usr/share/kaopi/site.example.toml")

    def _documents(self) -> None:
        doc = self.stage / "usr/share/doc/kaopi"
        _copy(ROOT / "README.md", doc / "README.md")
        _copy(ROOT / "NOTICE", doc / "NOTICE")
        for page in (
            "README.ja.md",
            "SECURITY.md",
            "docs/config.md",
            "docs/failures.md",
            "docs/hardware.md",
            "docs/install.md",
        ):
            if (ROOT / page).is_file():
                _copy(ROOT / page, doc / Path(page).name)
        _write(doc / "copyright", self._copyright())
        date = formatdate(self.epoch, localtime=False)
        entry = f"kaopi ({self.version}) {self.suite_name}; urgency=medium\n\n  * See CHANGELOG.md.\n\n"
        entry += f" -- {MAINTAINER}  {date}\n"
        (doc / "changelog.Debian.gz").write_bytes(gzip.compress(entry.encode(), 9, mtime=0))
        hashes = {pin.name: pin.hashes for pin in self.pins}
        names = [re.split(r"[ |]", name)[0] for name in depends(self.suite)]
        bill = sbom.bill(
            self.site_packages, ROOT / "models/manifest.toml", list(dict.fromkeys(names)), hashes, self.epoch
        )
        _write(doc / "sbom.cdx.json", json.dumps(bill, ensure_ascii=False, indent=1) + "\n")
        _copy(HERE / "debian/lintian-overrides", self.stage / "usr/share/lintian/overrides/kaopi")

    def _copyright(self) -> str:
        text = (HERE / "debian/copyright").read_text(encoding="utf-8").rstrip() + "\n"
        for item, carrier in sbom.libraries(self.site_packages):
            inside = f" (inside {carrier})" if carrier else ""
            text += f" .\n {item.metadata['Name']} {item.version}{inside}: {sbom.licence(item)}\n"
        return text

    def _control(self) -> None:
        control = self.stage / "DEBIAN"
        control.mkdir()
        files = sorted(path for path in self.stage.rglob("*") if path.is_file() and control not in path.parents)
        size = sum(path.lstat().st_size for path in files) // 1024
        fields = {
            "Package": "kaopi",
            "Version": self.version,
            "Architecture": self.architecture,
            "Maintainer": MAINTAINER,
            "Installed-Size": str(size),
            "Depends": ", ".join(depends(self.suite)),
            "Recommends": ", ".join(_RECOMMENDS),
            "Section": "misc",
            "Priority": "optional",
            "Description": (HERE / "debian/description").read_text(encoding="utf-8").rstrip(),
        }
        _write(control / "control", "".join(f"{key}: {value}\n" for key, value in fields.items()))
        for script in ("preinst", "postinst", "prerm", "postrm"):
            _copy(HERE / "debian" / script, control / script, 0o755)
        sums = [
            f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(self.stage)}\n"
            for path in files
            if not path.is_symlink()
        ]
        _write(control / "md5sums", "".join(sums))

    def _close(self) -> Path:
        for path in self.stage.rglob("*"):
            if not path.is_symlink():
                mode = 0o755 if path.is_dir() or (os.access(path, os.X_OK) and path.suffix != ".so") else 0o644
                path.chmod(mode)
            os.utime(path, (self.epoch, self.epoch), follow_symlinks=False)
        target = self.out / f"kaopi_{self.version}_{self.architecture}.deb"
        compression = os.environ.get("KAOPI_DEB_COMPRESSION", "xz")
        level = ["-z1"] if compression == "gzip" else []
        os.environ["SOURCE_DATE_EPOCH"] = str(self.epoch)
        say(f"compressing by {compression}")
        run("dpkg-deb", "--root-owner-group", f"-Z{compression}", *level, "--build", self.stage, target)
        return target


# RFC 2606 keeps .invalid for addresses that nobody has: SECURITY.md says where to write instead.
MAINTAINER = "The kaopi maintainers <maintainers@kaopi.invalid>"

# Examples, tests and tools of libraries, which a kiosk never loads.
_NOT_NEEDED = (
    "numpy/**/tests",
    "pygame/docs",
    "pygame/examples",
    "pygame/freesansbold.ttf",
    "pygame/tests",
    "onnxruntime/datasets",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "onnxruntime/quantization",
    "cv2/data",
    "**/*.pyi",
    "**/__pycache__",
)


def _commit_time() -> str:
    result = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
    )
    return result.stdout.strip() or "0"


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _copy(source: Path, target: Path, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def main() -> int:
    """Build one package and print its path, size and SHA-256."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", choices=sorted(SUITES), default="trixie")
    parser.add_argument("--arch", choices=sorted(MACHINES), default="arm64")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "deb")
    parser.add_argument("--depends", action="store_true", help="print what the package depends on, and build nothing")
    options = parser.parse_args()
    if options.depends:
        say("\n".join(depends(SUITES[options.suite])))
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    target = Package(options.suite, options.arch, options.out.resolve()).build()
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    say(f"{target}\n{target.stat().st_size / 1e6:.1f} MB  sha256 {digest}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
