"""Run the fuzz targets with atheris: ``python tests/fuzz/run.py --seconds 60 [target ...]``.

Targets are the ``TARGETS`` of every fuzz_*.py here: name -> (function, seeds); ``ALLOWED`` are the exceptions they may
raise. Crashing inputs land in out/fuzz/; each becomes an entry of ``CRASHES`` in its module. Exit code 1 on a crash.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent


def modules() -> list[ModuleType]:
    """Every module of targets."""
    found = []
    for path in sorted(HERE.glob("fuzz_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        found.append(module)
    return found


def guarded(function: Callable[[bytes], None], allowed: tuple[type[Exception], ...]) -> Callable[[bytes], None]:
    """The function, silent about the exceptions it may raise."""

    def run(data: bytes) -> None:
        try:
            function(data)
        except allowed:
            return

    return run


def fuzz(name: str, seconds: int, out: Path) -> int:
    """Fuzz one target in this process (atheris never returns)."""
    atheris: Any = importlib.import_module("atheris")  # not in the lock: no wheels for aarch64
    with atheris.instrument_imports(include=["reader"]):
        found = modules()
    for module in found:
        if name in module.TARGETS:
            function, seeds = module.TARGETS[name]
            corpus = out / "corpus" / name
            corpus.mkdir(parents=True, exist_ok=True)
            for index, seed in enumerate(seeds):
                (corpus / f"seed{index}").write_bytes(seed)
            options = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0"]
            options += ["-print_final_stats=1", f"-artifact_prefix={out}/{name}-"]
            atheris.Setup([sys.argv[0], *options, str(corpus)], guarded(function, module.ALLOWED))
            atheris.Fuzz()
            return 0
    raise SystemExit(f"no target {name!r}")


def main() -> int:
    """Every target in a process of its own, the time shared evenly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--out", type=Path, default=Path("out/fuzz"))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    if options.one:
        return fuzz(options.one, options.seconds, options.out)
    if importlib.util.find_spec("atheris") is None:
        sys.exit("atheris is missing: pip install --require-hashes -r tests/fuzz/requirements.txt (x86-64 only)")
    names = options.targets or [name for module in modules() for name in module.TARGETS]
    share = max(1, options.seconds // len(names))
    options.out.mkdir(parents=True, exist_ok=True)
    crashed = []
    for name in names:
        command = [sys.executable, __file__, "--one", name, "--seconds", str(share), "--out", str(options.out)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        executed = [line.split(":")[-1].strip() for line in run.stderr.splitlines() if "number_of_executed" in line]
        print(f"{name:24} {share:4} s  {executed[0] if executed else '?':>10} inputs  rc {run.returncode}", flush=True)
        if run.returncode != 0:
            crashed.append(name)
            print(run.stderr[-3000:])
    print(f"crashed: {', '.join(crashed)}; inputs in {options.out}" if crashed else "no crash")
    return 1 if crashed else 0


if __name__ == "__main__":
    sys.exit(main())
