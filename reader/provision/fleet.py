"""Set-up files for one kiosk or a CSV of many, each with certificates of its own from the clinic's CA.

Everything is checked before anything is written: a mistake in the last row leaves no file of the first.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from reader.config.load import ConfigError, Problem, Source, check, read, validate
from reader.config.positions import line_of
from reader.config.schema import KaopiConfig
from reader.provision import toml
from reader.provision.schema import FILE_NAME, Besides, load_setup
from reader.uplink.devcerts import BROKER, RESERVED, CertificateFolder, make_certificates
from reader.uplink.enrolment import PORT, TokenBook, fingerprint
from reader.uplink.settings import Tls

_LISTS = ("languages", "dns", "authorized_keys")
_SEPARATOR = ";"
HEADER = "# Set-up of one kiosk: for its boot partition. It holds a secret key; the kiosk erases it after import.\n\n"
ENROLMENT_HEADER = (
    "# Set-up of one kiosk: for its boot partition. Its token is good once; the kiosk erases it after import.\n\n"
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one kiosk has of its own. tables: as in a set-up file. file, line: where it stands, for complaints."""

    tables: dict[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int | None = None

    def problem(self, key: str, what: str, remedy: str, japanese: str) -> Problem:
        """Complain about this row."""
        return Problem(self.file, self.line, key, what, remedy, japanese)


#: One kiosk, which the template names.
ONE = (Row(),)


def example() -> str:
    """Return the template with every table explained."""
    return resources.files(__package__).joinpath("example.toml").read_text(encoding="utf-8")


def read_rows(file: Path) -> list[Row]:
    """Return what a CSV says, one row a kiosk. The header names keys (``network.address``); empty cells say nothing;
    lists are separated by semicolons. Raises ConfigError with every row that is wrong, by line.
    """

    def problem(line: int | None, what: str, remedy: str, japanese: str) -> ConfigError:
        return ConfigError([Problem(str(file), line, "", what, remedy, japanese)])

    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise problem(None, "not there", "Check the name after --csv", "このファイルがありません。") from None
    except (OSError, UnicodeDecodeError):
        japanese = "UTF-8として読めません。表計算ソフトで「CSV UTF-8（コンマ区切り）」を選んで保存してください。"
        raise problem(None, "not readable as UTF-8", "Save it as CSV UTF-8", japanese) from None
    reader = csv.DictReader(text.splitlines(), strict=True)
    rows: list[Row] = []
    problems: list[Problem] = []
    try:
        problems += _header(str(file), list(reader.fieldnames or []))
        if not problems:
            for cells in reader:
                row = Row(_tables(cells), str(file), reader.line_num)
                if None in cells or None in cells.values():
                    problems.append(
                        row.problem(
                            "",
                            "too many or too few cells",
                            "Give every row as many cells as the header",
                            "列の数が1行目と違います。コンマの数をそろえてください。",
                        )
                    )
                rows.append(row)
    except csv.Error as error:
        japanese = "この行の引用符が閉じていません。"
        raise problem(reader.line_num, str(error), "Close the quotation marks", japanese) from None
    if not problems and not rows:
        raise problem(None, "no kiosk in it", "Write one row a kiosk under the header", "機械が1台も書かれていません。")
    if problems := problems or _twice(rows):
        raise ConfigError(problems)
    return rows


def _header(file: str, header: list[str]) -> list[Problem]:
    """Complain about every name that is no key of a set-up file."""
    known = [
        f"{table}.{key}"
        for model in (KaopiConfig, Besides)
        for table, part in model.model_fields.items()
        if table not in ("certificates", "enrolment", "files", "simulator")
        for key in getattr(part.annotation, "model_fields", {})
    ]
    problems = []
    for name in header:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]}" if close else "Name keys as in the template, as site.kiosk_id"
            meant = f"「{close[0]}」ではありませんか。" if close else "site.kiosk_id のように書きます。"
            japanese = f"「{name}」という列はありません。{meant}"
            problems.append(Problem(file, 1, "", f"the header has {name!r}", hint, japanese))
    if not problems and "site.kiosk_id" not in header:
        what, remedy = "the header has no site.kiosk_id", "Give every kiosk a name in a column of that name"
        japanese = "site.kiosk_id の列がありません。機械の名前の列を足してください。"
        problems.append(Problem(file, 1, "", what, remedy, japanese))
    return problems


def _twice(rows: Sequence[Row]) -> list[Problem]:
    """Complain about kiosks without a name, and about names and addresses that two of them have."""
    problems = []
    for table, key in (("site", "kiosk_id"), ("network", "address")):
        first: dict[str, int | None] = {}
        for row in rows:
            value = str(row.tables.get(table, {}).get(key, ""))
            if not value and key == "kiosk_id":
                japanese = "機械の名前（site.kiosk_id）がありません。"
                problems.append(row.problem("site.kiosk_id", "no kiosk_id", "Name every kiosk", japanese))
            elif value in first:
                what = f"{value!r} is there twice, first in line {first[value]}"
                japanese = f"「{value}」は{first[value]}行目にもあります。1台ごとに違うものにしてください。"
                problems.append(row.problem(f"{table}.{key}", what, "Give each kiosk its own", japanese))
            elif value:
                first[value] = row.line
    return problems


def _tables(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, cell in row.items():
        if name and isinstance(cell, str) and cell.strip():
            table, key = name.split(".")
            parts = [part.strip() for part in cell.split(_SEPARATOR)]
            found.setdefault(table, {})[key] = parts if key in _LISTS else cell.strip()
    return found


def write_setups(
    template: Path, rows: Sequence[Row], certificates: Path, out: Path, now: dt.datetime, *, tokens: bool = False
) -> Iterator[Path]:
    """Write ``out``/KIOSK/kaopi-setup.toml for each row over the template; yield each path once it was checked.

    tokens: each gets a one-time enrolment token in place of a key. certificates: folder of the clinic's CA, made when
    missing; ca.key in it stays at home.
    Raises ConfigError before anything is written when a row or the template is wrong.
    """
    source = _read_template(template)
    kiosks = [_over(source.data, row.tables) for row in rows]
    wrong = [problem for row, tables in zip(rows, kiosks, strict=True) for problem in _wrong(source, row, tables)]
    if wrong:
        raise ConfigError(list(dict.fromkeys(wrong)))
    for tables in kiosks:
        kiosk, host = str(tables["site"]["kiosk_id"]), str(tables.get("uplink", {}).get("host", ""))
        own = [] if tokens else [kiosk]
        folder = make_certificates(certificates, own, hosts=["localhost", "127.0.0.1", host], now=now)
        _refuse_another_broker(folder, host)
        if tokens:
            tables["enrolment"] = {
                "address": f"{host}:{PORT}",
                "token": TokenBook(certificates).issue(kiosk, now),
                "fingerprint": fingerprint(folder.authority().certificate),
            }
        else:
            tables["certificates"] = _identity(folder.tls(kiosk))
        target = out / kiosk / FILE_NAME
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write((ENROLMENT_HEADER if tokens else HEADER) + toml.dumps(tables))
        load_setup(target, now)
        yield target


def _identity(files: Tls) -> dict[str, str]:
    texts = {"ca": files.ca, "certificate": files.certificate, "key": files.key}
    return {name: file.read_text("ascii") for name, file in texts.items()}


def _read_template(template: Path) -> Source:
    if not template.exists():
        remedy = f"Make it by `kaopi provision template > {template.name}` and fill it in"
        japanese = f"ひな形がありません。kaopi provision template > {template.name} で作って、書きこんでください。"
        raise ConfigError([Problem(str(template), None, "", "not there", remedy, japanese)])
    source = read(template)
    for table in ("certificates", "enrolment"):
        if table in source.data:
            line = line_of(source.text, (table,))
            japanese = f"1台ごとに作られます。この見出し [{table}] を消してください。"
            problem = Problem(source.name, line, table, "each kiosk gets its own", "Remove this table", japanese)
            raise ConfigError([problem])
    return source


def _wrong(source: Source, row: Row, tables: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with one kiosk's tables: in its row where they come from there, else in the template."""
    problems: list[Problem] = []
    own = {key: value for key, value in tables.items() if key in Besides.model_fields}
    rest = {key: value for key, value in tables.items() if key not in Besides.model_fields}
    try:
        kiosk = check(Source(source.name, source.text, rest)).site.kiosk_id
        if kiosk in RESERVED:
            japanese = f"「{kiosk}」はほかの証明書の名前です。別の名前にしてください。"
            what = f"{kiosk!r} is the name of another certificate"
            problems.append(Problem(source.name, None, "site.kiosk_id", what, "Choose another name", japanese))
    except ConfigError as error:
        problems += error.problems
    try:
        validate(Besides, [Source(source.name, source.text, own)])
    except ConfigError as error:
        problems += error.problems
    return [_placed(problem, row) for problem in problems]


def _placed(problem: Problem, row: Row) -> Problem:
    table, _, key = problem.key.partition(".")
    own = row.tables.get(table)
    if own is None or (key and key.split(".")[0] not in own):
        return problem
    return replace(problem, file=row.file, line=row.line)


def _refuse_another_broker(folder: CertificateFolder, host: str) -> None:
    """Complain about a broker's certificate of an earlier day for another machine: no kiosk would trust it."""
    known, file = folder.broker_hosts(), folder.path / f"{BROKER}.crt"
    if host not in known:
        what = f"made for {', '.join(known)}, not for {host}, which uplink.host names"
        remedy = f"Remove {file.name} and {BROKER}.key, write again, and give the new ones to the broker"
        japanese = (
            f"前に作った証明書が、uplink.host の「{host}」のものではありません。{file.name} と {BROKER}.key を消して"
            "作りなおし、新しいものをmosquittoに入れてください。"
        )
        raise ConfigError([Problem(str(file), None, "", what, remedy, japanese)])


def _over(base: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    result = {key: dict(value) if isinstance(value, Mapping) else value for key, value in base.items()}
    for table, values in row.items():
        result[table] = {**result.get(table, {}), **values}
    return result
