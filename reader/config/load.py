"""Reads the vendor file and the site file over it, and says file, line, key and remedy when something is wrong."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from reader.config.positions import line_of
from reader.config.schema import KaopiConfig
from reader.config.wrong import in_japanese, unknown_key

SITE_FILE = Path("/etc/kaopi/site.toml")
_CREDENTIAL = "credential:"
_NOT_TOML = 'この行の書き方が正しくありません。引用符 ""、= 、かっこ [ ] がそろっているか確かめてください。'
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. line is 1-based, None where the file does not name the key.

    japanese: what is wrong and what to do, as whole sentences, for whoever stands before the screen.
    """

    file: str
    line: int | None
    key: str
    what: str
    remedy: str
    japanese: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key or 'file'}: {self.what}. {self.remedy}."

    def both(self) -> str:
        """Return it in both languages, for a terminal: a Japanese line, and the English one under it."""
        place = self.file if self.line is None else f"{self.file} {self.line}行目"
        place += f" {self.key}" if self.key else ""
        return f"{place}: {self.japanese}\n  {self}" if self.japanese else str(self)


class ConfigError(Exception):
    """The configuration is refused; ``problems`` names every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Source:
    """A TOML file as read: its name for complaints, its text for their lines, its tables."""

    name: str
    text: str
    data: dict[str, Any]


def load(site_file: Path | None = None, vendor_file: Path | None = None) -> KaopiConfig:
    """Return the settings: the packaged (or given) vendor file, with the site file over it.

    Tables are merged key by key, everything else is replaced. Raises ConfigError; never guesses.
    """
    sources = [read(vendor_file) if vendor_file is not None else _packaged()]
    if site_file is not None:
        sources.append(read(site_file))
    return validate(KaopiConfig, sources)


def check(source: Source) -> KaopiConfig:
    """Return the settings that ``source``, as a site file, would give. Raises ConfigError."""
    return validate(KaopiConfig, [_packaged(), source])


def validate(model: type[_Model], sources: Sequence[Source]) -> _Model:
    """Return ``model`` filled from the sources, later over earlier. Raises ConfigError with one problem a mistake.

    What stands in a field declared with ``repr=False`` is never repeated in a complaint.
    """
    merged: dict[str, Any] = {}
    for source in sources:
        merged = _merge(merged, source.data)
    try:
        return model.model_validate(merged)
    except ValidationError as error:
        problems = [_explain(dict(item), sources, model) for item in error.errors()]
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
        japanese = "鍵の受け渡しがありません。systemdのサービスとして起動してください。"
        raise ConfigError([Problem("environment", None, value, "no credentials directory", remedy, japanese)])
    return Path(directory) / name


def _packaged() -> Source:
    text = resources.files("reader.config").joinpath("vendor.toml").read_text(encoding="utf-8")
    return Source("vendor.toml", text, tomllib.loads(text))


def read(path: Path) -> Source:
    """Return a TOML file. Raises ConfigError when it is not there, not readable, not UTF-8 or not TOML."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors put a mark before the text
    except FileNotFoundError:
        japanese = "このファイルがありません。site.example.toml をもとに作ってください。"
        problem = Problem(str(path), None, "", "not there", "Create it from site.example.toml", japanese)
        raise ConfigError([problem]) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        japanese = "文字コードがUTF-8ではありません。エディタで「UTF-8」を選んで保存しなおしてください。"
        raise ConfigError([Problem(str(path), line, "", "not UTF-8", "Save the file as UTF-8", japanese)]) from None
    except OSError as error:
        reason = error.strerror or "unreadable"
        japanese = "ファイルを読めません。書きこみなおすか、別のカードやUSBメモリでためしてください。"
        problem = Problem(str(path), None, "", reason, "Make it a file that kaopi may read", japanese)
        raise ConfigError([problem]) from None
    try:
        return Source(str(path), text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        digits = where.removeprefix("line ").split(",")[0]
        line_number = int(digits) if digits.isdigit() else len(text.splitlines()) or 1
        raise ConfigError(
            [Problem(str(path), line_number, "", f"not TOML: {what}", "Put this line right", _NOT_TOML)],
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


def _explain(item: dict[str, Any], sources: Sequence[Source], model: type[BaseModel]) -> Problem:
    path = tuple(str(part) for part in item["loc"])
    source, line = sources[-1], None
    for candidate in reversed(sources):
        found = line_of(candidate.text, path)
        if found is not None and _names(candidate.data, path[:1]):
            source, line = candidate, found
            break
    what, remedy = _words(item, path, model)
    return Problem(source.name, line, ".".join(path), what, remedy, _japanese(item, path, model))


def _japanese(item: dict[str, Any], path: tuple[str, ...], model: type[BaseModel]) -> str:
    if item["type"] == "extra_forbidden":
        return unknown_key(path[-1], _close(path, model))
    return in_japanese(item["type"], path[-1] if path else "", item.get("ctx", {}))


def _close(path: tuple[str, ...], model: type[BaseModel]) -> str | None:
    """Return the known key that a wrong one may have been meant as."""
    close = difflib.get_close_matches(path[-1], list(_fields(model, path[:-1])), n=1)
    return close[0] if close else None


def _names(data: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    return not path or path[0] in data


def _words(item: dict[str, Any], path: tuple[str, ...], model: type[BaseModel]) -> tuple[str, str]:
    kind, given = item["type"], item.get("input")
    if kind == "extra_forbidden":
        close = _close(path, model)
        hint = f"Did you mean {close}" if close else f"Known here: {', '.join(_fields(model, path[:-1]))}"
        return "unknown key", hint
    message = str(item["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        what, _, remedy = message.partition(": ")
        return what, (remedy[:1].upper() + remedy[1:]) or "See docs/config.md"
    said = "" if kind == "missing" or _secret(model, path) else f" (it is {given!r})"
    return f"{message[:1].lower()}{message[1:]}{said}", "See docs/config.md for what may stand here"


def _secret(model: type[BaseModel], path: tuple[str, ...]) -> bool:
    field = _model_at(model, path[:-1])
    return field is not None and path[-1] in field.model_fields and not field.model_fields[path[-1]].repr


def _fields(model: type[BaseModel], path: tuple[str, ...]) -> list[str]:
    found = _model_at(model, path)
    return [] if found is None else list(found.model_fields)


def _model_at(model: type[BaseModel], path: tuple[str, ...]) -> type[BaseModel] | None:
    for part in path:
        field = model.model_fields.get(part)
        if field is None:
            return None
        kinds = [field.annotation, *get_args(field.annotation)]
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner is None:
            return None
        model = inner
    return model
