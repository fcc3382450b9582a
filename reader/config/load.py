"""Reads the vendor file and the site file over it, and says file, line, key and remedy when something is wrong."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from reader.config.positions import line_of
from reader.config.schema import KaopiConfig

SITE_FILE = Path("/etc/kaopi/site.toml")
_CREDENTIAL = "credential:"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. line is 1-based, None where the file does not name the key."""

    file: str
    line: int | None
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key or 'file'}: {self.what}. {self.remedy}."


class ConfigError(Exception):
    """The configuration is refused; ``problems`` names every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    text: str
    data: dict[str, Any]


def load(site_file: Path | None = None, vendor_file: Path | None = None) -> KaopiConfig:
    """Return the settings: the packaged (or given) vendor file, with the site file over it.

    Tables are merged key by key, everything else is replaced. Raises ConfigError; never guesses.
    """
    sources = [_read(vendor_file) if vendor_file is not None else _packaged()]
    if site_file is not None:
        sources.append(_read(site_file))
    merged: dict[str, Any] = {}
    for source in sources:
        merged = _merge(merged, source.data)
    try:
        return KaopiConfig.model_validate(merged)
    except ValidationError as error:
        problems = [_explain(dict(item), sources) for item in error.errors()]
        raise ConfigError(sorted(problems, key=lambda problem: (problem.file, problem.line or 0))) from None


def resolve(value: str, environ: Mapping[str, str] | None = None) -> Path:
    """Return the path a setting names; ``credential:NAME`` means NAME in systemd's $CREDENTIALS_DIRECTORY.

    Raises ConfigError when there is no such directory: secrets come by LoadCredential and no other way.
    """
    if not value.startswith(_CREDENTIAL):
        return Path(value)
    name = value.removeprefix(_CREDENTIAL)
    directory = (os.environ if environ is None else environ).get("CREDENTIALS_DIRECTORY")
    if not directory:
        remedy = "Start it by its systemd unit, which loads credentials from /etc/kaopi/tls"
        raise ConfigError([Problem("environment", None, value, "no credentials directory", remedy)])
    return Path(directory) / name


def _packaged() -> _Source:
    text = resources.files("reader.config").joinpath("vendor.toml").read_text(encoding="utf-8")
    return _Source("vendor.toml", text, tomllib.loads(text))


def _read(path: Path) -> _Source:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([Problem(str(path), None, "", "not there", "Create it from site.example.toml")]) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError([Problem(str(path), line, "", "not UTF-8", "Save the file as UTF-8")]) from None
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise ConfigError([Problem(str(path), None, "", reason, "Make it a file that kaopi may read")]) from None
    try:
        return _Source(str(path), text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        digits = where.removeprefix("line ").split(",")[0]
        line_number = int(digits) if digits.isdigit() else len(text.splitlines()) or 1
        raise ConfigError(
            [Problem(str(path), line_number, "", f"not TOML: {what}", "Put this line right")],
        ) from None


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if key == "settings" or not (isinstance(old, dict) and isinstance(value, dict)):
            result[key] = value
        else:
            result[key] = _device(old, value) if "name" in old and "name" in value else _merge(old, value)
    return result


def _device(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Settings belong to an adapter: another name starts with none of the old adapter's settings."""
    return _merge(old, new) if old["name"] == new["name"] else dict(new)


def _explain(item: dict[str, Any], sources: list[_Source]) -> Problem:
    path = tuple(str(part) for part in item["loc"])
    source, line = sources[-1], None
    for candidate in reversed(sources):
        found = line_of(candidate.text, path)
        if found is not None and _names(candidate.data, path[:1]):
            source, line = candidate, found
            break
    what, remedy = _words(item, path)
    return Problem(source.name, line, ".".join(path), what, remedy)


def _names(data: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    return not path or path[0] in data


def _words(item: dict[str, Any], path: tuple[str, ...]) -> tuple[str, str]:
    kind, given = item["type"], item.get("input")
    if kind == "extra_forbidden":
        known = list(_fields(path[:-1]))
        close = difflib.get_close_matches(path[-1], known, n=1)
        hint = f"Did you mean {close[0]}" if close else f"Known here: {', '.join(known)}"
        return "unknown key", hint
    message = str(item["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        what, _, remedy = message.partition(": ")
        return what, (remedy[:1].upper() + remedy[1:]) or "See docs/config.md"
    return f"{message[:1].lower()}{message[1:]} (it is {given!r})", "See docs/config.md for what may stand here"


def _fields(path: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = KaopiConfig
    for part in path:
        field = model.model_fields.get(part)
        if field is None:
            return []
        kinds = [field.annotation, *get_args(field.annotation)]
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)
