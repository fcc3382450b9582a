"""What goes into the Debian package: exactly the locked run-time libraries, and a true list of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from hw_sim import by_path

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = ROOT / "packaging/debian"


lock, wheels, sbom, deb = (by_path.load(ROOT / f"packaging/{name}.py") for name in ("lock", "wheels", "sbom", "deb"))


def wanted() -> list[str]:
    """Return the names of kaopi's own requirements."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in project["dependencies"]]


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_the_device_gets_every_library_it_needs_and_no_tool(python: str) -> None:
    pins = lock.runtime(lock.read(ROOT / "requirements" / f"py{python}.txt"), wanted())
    names = {pin.name for pin in pins}
    assert set(wanted()) <= names
    assert {"pydantic-core", "cffi", "h11"} <= names, "what the libraries themselves need"
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "amqtt", "onnx", "pyscard", "tflite"}
    assert all(pin.hashes for pin in pins)


def test_a_requirement_that_is_not_locked_is_an_error() -> None:
    with pytest.raises(KeyError):
        lock.runtime(lock.read(ROOT / "requirements/py3.13.txt"), ["left-pad"])


def test_a_wheel_is_unpacked_where_python_looks(tmp_path: Path) -> None:
    wheel = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x/__init__.py", "")
        archive.writestr("x-1.data/purelib/y.py", "")
        archive.writestr("x-1.data/scripts/x", "")
        archive.writestr("x-1.dist-info/METADATA", "")
    wheels.unpack(wheel, tmp_path / "site")
    found = {str(path.relative_to(tmp_path / "site")) for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert found == {"x/__init__.py", "y.py", "x-1.dist-info/METADATA"}


@pytest.mark.parametrize("member", ["../evil.py", "/etc/evil.py", "x-1.data/purelib/../../evil.py"])
def test_a_wheel_that_reaches_outside_is_refused(tmp_path: Path, member: str) -> None:
    wheel = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, "")
    with pytest.raises(ValueError, match="outside"):
        wheels.unpack(wheel, tmp_path / "site")


def test_the_bill_of_materials_names_libraries_models_fonts_and_debian_packages() -> None:
    site_packages = next(path for path in map(Path, sys.path) if (path / "numpy").is_dir())
    bill = sbom.bill(site_packages, ROOT / "models/manifest.toml", ["pcscd"], {"numpy": ("sha256:00",)}, 0)
    kinds = {component["type"] for component in bill["components"]}
    assert {"library", "machine-learning-model", "operating-system"} <= kinds
    numpy = next(component for component in bill["components"] if component["name"] == "numpy")
    assert numpy["purl"].startswith("pkg:pypi/numpy@")
    assert numpy["properties"][0]["value"] == "sha256:00"
    assert all(component["licenses"] for component in bill["components"] if component["type"] != "operating-system")
    again = sbom.bill(site_packages, ROOT / "models/manifest.toml", ["pcscd"], {"numpy": ("sha256:00",)}, 0)
    assert bill == again


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_the_package_asks_for_the_suites_own_python(suite: str) -> None:
    needs = deb.depends(deb.SUITES[suite])
    major, minor = deb.SUITES[suite].python.split(".")
    assert f"python3 (>= {major}.{minor})" in needs
    assert f"python3 (<< {major}.{int(minor) + 1})" in needs
    assert "pcscd" in needs


@pytest.mark.parametrize("script", ["preinst", "postinst", "prerm", "postrm"])
def test_maintainer_scripts_stop_at_the_first_error_and_are_shell(script: str) -> None:
    text = (DEBIAN / script).read_text("utf-8")
    assert text.startswith("#!/bin/sh\nset -e\n")
    dash = shutil.which("dash") or shutil.which("sh")
    assert dash is not None
    assert subprocess.run([dash, "-n", str(DEBIAN / script)], check=False).returncode == 0


def test_every_unit_is_enabled_by_one_script_and_forgotten_by_another() -> None:
    files = (ROOT / "systemd").glob("kaopi-*.*")
    units = {path.name for path in files if "[Install]" in path.read_text("utf-8")}
    for script in ("postinst", "prerm", "postrm"):
        text = (DEBIAN / script).read_text("utf-8")
        assert units <= set(re.findall(r"kaopi-[\w-]+\.(?:service|path)", text)), script


def test_the_example_site_file_is_accepted() -> None:
    from reader.config.load import load as load_config

    config = load_config(DEBIAN / "site.example.toml")
    assert config.site.production


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_every_library_of_the_package_has_a_wheel_for_every_board(
    suite: str, architecture: str, tmp_path: Path
) -> None:
    """Asks the registry, as `make deb` does, and downloads nothing."""
    result = resolve(suite, architecture, tmp_path, [])
    assert result.returncode == 0, result.stderr


def test_a_library_without_a_wheel_would_be_noticed(tmp_path: Path) -> None:
    result = resolve("trixie", "arm64", tmp_path, ["pyscard"])
    assert result.returncode != 0
    assert "pyscard" in result.stderr


def resolve(suite: str, architecture: str, folder: Path, more: list[str]) -> subprocess.CompletedProcess[str]:
    """Resolve the device's libraries for another machine, wheels only."""
    python = deb.SUITES[suite].python
    pins = lock.runtime(lock.read(ROOT / "requirements" / f"py{python}.txt"), [*wanted(), *more])
    file = folder / "requirements.txt"
    file.write_text("".join(pin.line() + "\n" for pin in pins), encoding="utf-8")
    # bookworm's glibc is the older one
    platform = f"{deb.MACHINES[architecture]}-manylinux_2_36"
    uv = Path(sys.executable).with_name("uv")
    return subprocess.run(
        [
            *(str(uv), "pip", "install", "--dry-run", "--quiet", "--target", str(folder / "nowhere")),
            *("--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--python-platform", platform, "--python-version", python, "--requirement", str(file)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_machine_of_a_library_is_read_from_its_header(tmp_path: Path) -> None:
    def elf(machine: int) -> bytes:
        return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + machine.to_bytes(2, "little")

    for name, data in (("a.so", elf(62)), ("b.so", elf(183)), ("c.so", elf(40)), ("d.txt", b"\x7fEL")):
        (tmp_path / name).write_bytes(data)
    found = {path.name: machine for path, machine in deb.elf_files(tmp_path)}
    assert found == {"a.so": "amd64", "b.so": "arm64", "c.so": "machine 40"}
