"""Set-up files for one kiosk or a CSV of many, each with certificates of its own from the clinic's CA."""

from __future__ import annotations

import csv
import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from reader.config.load import ConfigError, Problem, Source, check, read
from reader.provision import toml
from reader.provision.schema import FILE_NAME, Besides, load_setup
from reader.uplink.devcerts import make_certificates

_LISTS = ("languages", "dns", "authorized_keys")
_SEPARATOR = ";"
HEADER = "# Set-up of one kiosk: for its boot partition. It holds a secret key; the kiosk erases it after import.\n\n"


def example() -> str:
    """Return the template with every table explained."""
    return resources.files(__package__).joinpath("example.toml").read_text(encoding="utf-8")


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Return what a CSV says, one set of tables a row. The header names keys (``network.address``); empty cells say
    nothing; lists are separated by semicolons. Raises ConfigError by line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigError([Problem(str(file), None, "", "not readable as UTF-8", "Save it as CSV UTF-8")]) from None
    reader = csv.DictReader(text.splitlines(), strict=True)
    header = reader.fieldnames or []
    wrong = [name for name in header if name.count(".") != 1 or name.split(".")[0] == "certificates"]
    if wrong or "site.kiosk_id" not in header:
        what = f"the header has {wrong[0]!r}" if wrong else "the header has no site.kiosk_id"
        raise ConfigError([Problem(str(file), 1, "", what, "Name keys as in the template, as site.kiosk_id")])
    rows: list[dict[str, Any]] = []
    for row in reader:
        if None in row or None in row.values():
            remedy = "Give every row as many cells as the header"
            raise ConfigError([Problem(str(file), reader.line_num, "", "too many or too few cells", remedy)])
        rows.append(_tables(row))
    names = [row.get("site", {}).get("kiosk_id", "") for row in rows]
    for number, name in enumerate(names):
        if not name or name in names[:number]:
            what = f"kiosk {name!r} is there twice" if name else "no kiosk_id"
            raise ConfigError([Problem(str(file), number + 2, "site.kiosk_id", what, "Name every kiosk once")])
    return rows


def _tables(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, cell in row.items():
        if cell.strip():
            table, key = name.split(".")
            parts = [part.strip() for part in cell.split(_SEPARATOR)]
            found.setdefault(table, {})[key] = parts if key in _LISTS else cell.strip()
    return found


def write_setups(
    template: Path, rows: Sequence[Mapping[str, Any]], certificates: Path, out: Path, now: dt.datetime
) -> Iterator[Path]:
    """Write ``out``/KIOSK/kaopi-setup.toml for each row over the template; yield each path once it was checked.

    certificates: folder of the clinic's CA, made when missing; ca.key in it stays at home.
    Raises ConfigError and ValueError.
    """
    source = read(template)
    if "certificates" in source.data:
        raise ConfigError([Problem(source.name, None, "certificates", "each kiosk gets its own", "Remove this table")])
    for row in rows:
        tables = _over(source.data, row)
        site = tables.get("site", {})
        kiosk, host = str(site.get("kiosk_id", "")), str(tables.get("uplink", {}).get("host", ""))
        _refuse_early(source, tables)
        folder = make_certificates(certificates, [kiosk], hosts=["localhost", "127.0.0.1", host], now=now)
        files = folder.tls(kiosk)
        tables["certificates"] = {
            "ca": files.ca.read_text("ascii"),
            "certificate": files.certificate.read_text("ascii"),
            "key": files.key.read_text("ascii"),
        }
        target = out / kiosk / FILE_NAME
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(HEADER + toml.dumps(tables))
        load_setup(target, now)
        yield target


def _refuse_early(source: Source, tables: Mapping[str, Any]) -> None:
    """Complain about the template's own lines before anything is made from them."""
    site = {key: value for key, value in tables.items() if key not in Besides.model_fields}
    check(Source(source.name, source.text, site))


def _over(base: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    result = {key: dict(value) if isinstance(value, Mapping) else value for key, value in base.items()}
    for table, values in row.items():
        result[table] = {**result.get(table, {}), **values}
    return result
