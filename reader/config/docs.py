"""Writes docs/config.md and docs/config.schema.json from the schema; ``--check`` fails when they are stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reader.config.schema import Device, KaopiConfig

DOCS = Path(__file__).resolve().parents[2] / "docs"


def markdown() -> str:
    """Return docs/config.md: one table a section."""
    lines = [
        "# Settings",
        "",
        "Generated from `reader/config/schema.py` by `python -m reader.config.docs`; do not edit.",
        "",
        "A kiosk reads the packaged vendor file and then `/etc/kaopi/site.toml` over it. An unknown key, a wrong",
        "type or a number out of range is refused at start, with file, line, key and what to do; `kaopi config check",
        "FILE` says the same beforehand. Secrets never stand in these files: they come as systemd credentials.",
        "",
    ]
    for name, field in KaopiConfig.model_fields.items():
        model = field.annotation
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            lines += [f"## [{name}]", "", field.description or "", ""]
            continue
        lines += [f"## [{name}]", "", (model.__doc__ or "").strip().splitlines()[0], ""]
        lines += ["| key | what | default | allowed |", "|---|---|---|---|"]
        for key, setting in model.model_fields.items():
            lines.append(_row(key, setting))
        lines.append("")
        if name == "devices":
            lines += [
                "Each is a table of its own, with `name` and, where the adapter has any, `settings`:",
                "",
                "```toml",
                "[devices.camera]",
                'name = "webcam"',
                "[devices.camera.settings]",
                'device = "/dev/video0"',
                "```",
                "",
            ]
    return "\n".join(lines).rstrip() + "\n"


def _row(key: str, setting: FieldInfo) -> str:
    words = " ".join(part for part in (f"**{setting.title}.**" if setting.title else "", setting.description) if part)
    return f"| `{key}` | {words} | {_default(setting)} | {_allowed(setting)} |"


def _default(setting: FieldInfo) -> str:
    value = setting.get_default(call_default_factory=True)
    if value is None:
        return "unset"
    if isinstance(value, Device):
        return f"`{value.name}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{json.dumps(list(map(str, value)), ensure_ascii=False)}`"
    return f"`{value}`"


def _allowed(setting: FieldInfo) -> str:
    schema: dict[str, Any] = {}
    for item in setting.metadata:
        for name in ("ge", "le", "min_length", "max_length"):
            if getattr(item, name, None) is not None:
                schema[name] = getattr(item, name)
    words = []
    if "ge" in schema or "le" in schema:
        words.append(f"{schema.get('ge', '')} … {schema.get('le', '')}".strip())
    options = getattr(setting.annotation, "__args__", ())
    if options and all(isinstance(option, str | int) for option in options):
        words.append(" · ".join(f"`{option}`" for option in options))
    return "; ".join(words)


def schema_json() -> str:
    """Return the JSON Schema (2020-12) of a site file, for editors that check while one types."""
    return json.dumps(KaopiConfig.model_json_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def pages() -> dict[str, str]:
    """Return every generated page by file name."""
    return {"config.md": markdown(), "config.schema.json": schema_json()}


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` only compare. Returns 1 when a page is stale."""
    stale = [
        name
        for name, text in pages().items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for name in stale:
            sys.stderr.write(f"docs/{name} is stale; run: python -m reader.config.docs\n")
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(pages()[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
