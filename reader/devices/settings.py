"""Checks an adapter's own settings table and says in one sentence what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from reader.devices.ports import DeviceError


class Settings(BaseModel):
    """Base of every adapter's settings: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=Settings)


def read_settings(model: type[S], settings: Mapping[str, Any]) -> S:
    """Return ``settings`` checked against ``model``. Raises DeviceError naming the key and what may stand there."""
    try:
        return model.model_validate(dict(settings))
    except ValidationError as error:
        problems = []
        for item in error.errors():
            key = ".".join(str(part) for part in item["loc"]) or "settings"
            known = f"; known here: {', '.join(model.model_fields)}" if item["type"] == "extra_forbidden" else ""
            problems.append(f"{key}: {item['msg']}{known}")
        raise DeviceError("settings refused: " + "; ".join(problems)) from None
