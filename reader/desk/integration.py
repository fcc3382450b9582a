"""For レセコン makers: results as files in a watched folder, and over HTTP and SSE. No official 資格確認 result.

Format: docs/api/integration.md. Each record says so itself in ``notice``.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

from reader.desk.store import Store, StoredResult

FORMAT: Final = "kaopi-reception/1"
NOTICE: Final = "顔認証付きカードリーダー kaopi の受付記録です。オンライン資格確認の結果ではありません。"


def record_of(row: StoredResult) -> dict[str, Any]:
    """Return one result as integrators get it: the message, the desk's own check, and what it is not."""
    return {
        "format": FORMAT,
        "notice": NOTICE,
        "officialQualificationResult": False,
        "sequence": row.seq,
        "receivedAt": row.received_at.isoformat(),
        "signatureCheck": row.signature_check,
        "result": json.loads(row.message.model_dump_json(exclude={"proof"})),
    }


class FolderExport:
    """Writes each result once as ``kaopi-SEQUENCE-RESULTID.json`` into a folder, whole or not at all.

    After a crash the last file may be written again under the same name with the same content. The consumer removes
    files when it has read them.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._folder = store, folder

    def write_new(self) -> int:
        """Write what has come since last time. Returns how many. Raises OSError when the folder cannot be written."""
        done = 0
        while rows := self._store.results_after(self._store.exported(), limit=100):
            self._folder.mkdir(parents=True, exist_ok=True)
            for row in rows:
                self._write(row)
            self._store.set_exported(rows[-1].seq)
            done += len(rows)
        return done

    def _write(self, row: StoredResult) -> None:
        final = self._folder / f"kaopi-{row.seq:010d}-{row.message.result_id}.json"
        partial = final.with_suffix(".partial")
        with partial.open("w", encoding="utf-8", newline="\n") as out:
            json.dump(record_of(row), out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(final)


def read_or_make_token(path: Path) -> str:
    """Return the bearer token of the HTTP interface, made at the first start (256 random bits, file mode 0600)."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        token = ""
    if len(token) >= 32:
        return token
    token = secrets.token_urlsafe(32)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(token + "\n")
    return token
