"""Writes TOML 1.0 tables of strings, numbers, booleans, lists and tables; the standard library only reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import time
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dumps(tables: Mapping[str, Any]) -> str:
    """Return a TOML document. Text of several lines is written as such, so that PEM stays readable.

    Raises TypeError for what a settings file cannot hold.
    """
    return "".join(_table((), tables)).lstrip("\n")


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> list[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    lines = [f"\n[{'.'.join(map(_key, path))}]\n"] if path and (plain or not table) else []
    lines += [f"{_key(key)} = {_value(value)}\n" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _table((*path, key), value)
    return lines


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float() | time():
            return str(value)
        case str():
            return _text(value) if "\n" in value else _string(value)
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a settings file")


def _string(value: str) -> str:
    # A JSON string is a TOML basic string but for the one control character that JSON lets through.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _text(value: str) -> str:
    inner = "\n".join(_string(line)[1:-1] for line in value.split("\n"))
    return f'"""\n{inner}"""'
