"""How other software takes kaopi's reception records: from the watched folder, or from the desk's event stream.

    python sample_consumer.py folder C:\\kaopi\\results
    python sample_consumer.py stream http://127.0.0.1:8737 --token-file integration.token

Standard library only. These records are no results of オンライン資格確認: take those from the official terminal.
"""

# ruff: noqa: T201, S310 -- a sample shows what it takes by printing, and the address comes from its own operator

from __future__ import annotations

import argparse
import json
import time
import urllib.request
from pathlib import Path
from typing import Any


def take(record: dict[str, Any]) -> None:
    """Put your own work here. ``sequence`` never repeats; ``result.resultId`` names the visit."""
    result = record["result"]
    consents = result.get("consents") or {}
    given = [name for name, flag in consents.items() if flag == "1"]
    print(record["sequence"], result["finishedAt"], result["kiosk"], result["outcome"], ",".join(given), flush=True)


def from_folder(folder: Path, once: bool) -> None:
    """Read each file, then remove it. Files appear whole; ``*.partial`` is not for you."""
    while True:
        for file in sorted(folder.glob("kaopi-*.json")):
            take(json.loads(file.read_text(encoding="utf-8")))
            file.unlink()
        if once:
            return
        time.sleep(0.5)


def from_stream(base: str, token: str, position: Path) -> None:
    """Listen to the event stream; after a break go on behind the last sequence taken."""
    while True:
        after = position.read_text(encoding="ascii") if position.exists() else "0"
        request = urllib.request.Request(
            f"{base}/integration/v1/stream", headers={"Authorization": f"Bearer {token}", "Last-Event-ID": after}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as stream:
                for raw in stream:
                    line = raw.decode("utf-8").rstrip("\n")
                    if line.startswith("data: "):
                        record = json.loads(line.removeprefix("data: "))
                        take(record)
                        position.write_text(str(record["sequence"]), encoding="ascii")
        except OSError as error:
            print(f"the desk is away ({error}); trying again", flush=True)
        time.sleep(2)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="sample consumer of kaopi's reception records")
    ways = parser.add_subparsers(dest="way", required=True)
    folder = ways.add_parser("folder")
    folder.add_argument("path", type=Path)
    folder.add_argument("--once", action="store_true", help="read what is there and end")
    stream = ways.add_parser("stream")
    stream.add_argument("url")
    stream.add_argument("--token-file", type=Path, required=True)
    stream.add_argument("--position", type=Path, default=Path("kaopi-position.txt"))
    chosen = parser.parse_args()
    if chosen.way == "folder":
        from_folder(chosen.path, chosen.once)
    else:
        from_stream(chosen.url.rstrip("/"), chosen.token_file.read_text(encoding="ascii").strip(), chosen.position)


if __name__ == "__main__":
    main()
