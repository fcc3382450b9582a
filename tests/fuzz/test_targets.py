"""The fuzz targets hold on their own seeds and on every input that once broke them; atheris itself is not needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hw_sim import by_path

runner = by_path.load(Path(__file__).with_name("run.py"))
MODULES = runner.modules()


SEEDS: list[Any] = [
    pytest.param(function, module.ALLOWED, data, id=f"{name}-{number}")
    for module in MODULES
    for name, (function, seeds) in module.TARGETS.items()
    for number, data in enumerate(seeds)
]


@pytest.mark.parametrize(("function", "allowed", "seed"), SEEDS)
def test_seeds(function: Callable[[bytes], None], allowed: tuple[type[Exception], ...], seed: bytes) -> None:
    runner.guarded(function, allowed)(seed)
    runner.guarded(function, allowed)(seed[: len(seed) // 2])
    runner.guarded(function, allowed)(b"")


def test_inputs_that_once_broke_a_target() -> None:
    for module in MODULES:
        for name, inputs in module.CRASHES.items():
            function, _ = module.TARGETS[name]
            for data in inputs:
                runner.guarded(function, module.ALLOWED)(data)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", [name for module in MODULES for name in module.TARGETS])
def test_fuzz(name: str, request: pytest.FixtureRequest) -> None:
    seconds = request.config.getoption("--fuzz-seconds")
    command = [sys.executable, str(Path(__file__).with_name("run.py")), "--seconds", str(seconds), name]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    print(run.stdout)
