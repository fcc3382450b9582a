"""Generates docs/api: JSON Schema of every message, one AsyncAPI 3 document, and an example for each outcome.

``python -m hw_sim.clinic.apidocs`` writes, ``--check`` only compares. It lives with the simulator because the examples
are the simulator's own messages.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hw_sim.clinic.results import KIOSK, RECORDS, SITE, message_of
from reader.session.failures import Failure
from reader.session.vocabulary import Method, Part, Registration, Step, VisualReason
from reader.uplink.ids import uuid7
from reader.uplink.messages import (
    VERSION,
    Ack,
    Alert,
    Command,
    Consents,
    Health,
    HealthFinding,
    LastConsents,
    Message,
    Request,
    Response,
    ResultMessage,
    Service,
    StaffCode,
    State,
    VisualCheckState,
    schema_of,
    will,
)
from reader.uplink.topics import ROOT, Channel

DOCS: Final = Path(__file__).parents[3] / "docs" / "api"
_NOW: Final = datetime(2026, 2, 21, 8, 48, 35, tzinfo=UTC)
_KEY: Final = "5f" * 32


@dataclass(frozen=True, slots=True)
class ChannelDoc:
    """What the documents say about one channel. from_kiosk: who sends."""

    model: type[Message]
    from_kiosk: bool
    retained: bool
    summary: str


CHANNELS: Final[Mapping[Channel, ChannelDoc]] = {
    Channel.RESULT: ChannelDoc(
        ResultMessage, True, False, "What a visit came to; repeated until the desk acknowledges its resultId."
    ),
    Channel.STATE: ChannelDoc(State, True, True, "What the kiosk is doing, nothing about the patient; also the will."),
    Channel.HEALTH: ChannelDoc(Health, True, True, "How the kiosk itself is doing."),
    Channel.ALERT: ChannelDoc(Alert, True, False, "Something staff should look at now."),
    Channel.REQUEST: ChannelDoc(Request, True, False, "Nonce, last consents and registration; or: are you there."),
    Channel.COMMAND: ChannelDoc(Command, False, False, "An order of staff; void after its lifetime."),
    Channel.ACK: ChannelDoc(Ack, False, False, "The result is on the desk's disk. Nothing else frees it at the kiosk."),
    Channel.RESPONSE: ChannelDoc(Response, False, False, "The answer to a request."),
}


def _id(number: int) -> uuid.UUID:
    return uuid7(_NOW, number.to_bytes(10, "big"))


def examples() -> dict[str, Message]:
    """Return one message for each outcome and each kind, by file name without ending. Always the same."""
    head: dict[str, Any] = {"site": SITE, "kiosk": KIOSK}
    found: dict[str, Message] = {}
    for number, (name, record) in enumerate(sorted(RECORDS.items())):
        made = record()
        pin = made.evidence.method is Method.PIN
        found[f"result-{name}"] = message_of(
            made,
            _NOW,
            result_id=_id(number),
            patient_key=_KEY if name.startswith("accepted") else None,
            nonce=bytes(range(32)) if pin else None,
            signature=b"signature of the card over the nonce" if pin else None,
            certificate=b"DER of the certificate" if pin else None,
        )
    found["state"] = State(
        **head,
        online=True,
        at=_NOW,
        service=Service.READY,
        step=Step.IDLE,
        missing={Part.CLOCK: Failure.CLOCK_UNSYNCED},
    )
    found["state-visual-check"] = State(
        **head,
        online=True,
        at=_NOW,
        service=Service.BUSY,
        step=Step.VISUAL_CHECK,
        visual_check=VisualCheckState(stage="comparing", operator="uketsuke-1", seconds_left=150.0),
    )
    found["state-will"] = will(SITE, KIOSK)
    found["health"] = Health(
        **head,
        at=_NOW,
        software="kaopi 0.1.0",
        uptime_s=86_400.0,
        temperature_c=54.2,
        throttled=False,
        disk_free_bytes=21_474_836_480,
        outbox_depth=0,
        clock_synced=True,
        heartbeats_s={"camera": 0.1, "card": 0.3, "face": 0.2},
        failures={Failure.CARD_PULLED: 2},
        findings=(
            HealthFinding(code="updates", title="更新の確認", condition="attention", remedy="更新を入れてください。"),
        ),
    )
    found["alert"] = Alert(**head, alert_id=_id(20), at=_NOW, failure=Failure.CARD_LEFT)
    found["req-visit"] = Request(**head, request_id=_id(21), asks="visit", patient_key=_KEY)
    found["req-presence"] = Request(**head, request_id=_id(22), asks="presence")
    found["rsp-visit"] = Response(
        **head,
        request_id=_id(21),
        nonce="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        last_consents=LastConsents(consents=Consents(medication="1", diagnosis="1", operation="0")),
        registration=Registration.REGISTERED,
    )
    order: dict[str, Any] = {**head, "issued_at": _NOW, "operator": "uketsuke-1"}
    found["cmd-start-visual-check"] = Command(
        **order, command_id=_id(23), action="startVisualCheck", reason=VisualReason.UNWELL
    )
    found["cmd-decide"] = Command(**order, command_id=_id(24), action="decide", same_person=True)
    found["cmd-set-staff-codes"] = Command(
        **head,
        command_id=_id(25),
        issued_at=_NOW,
        action="setStaffCodes",
        staff_codes=(StaffCode(operator="uketsuke-1", salt="c2FsdHNhbHRzYWx0c2FsdA==", hash="aGFzaA==", n=32_768),),
    )
    found["ack-stored"] = Ack(**head, result_id=_id(0), status="stored")
    found["ack-refused"] = Ack(
        **head,
        result_id=_id(1),
        status="refused",
        reason="ResultMessage: version 2 is not understood here (this software speaks 1); "
        "update kiosk and desk to the same release",
    )
    return found


def channel_of(name: str) -> Channel:
    """Return the channel an example travels on."""
    return Channel(name.split("-")[0])


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document, from the kiosk's point of view."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for channel, doc in CHANNELS.items():
        name = doc.model.__name__
        messages[name] = {
            "name": name,
            "title": name,
            "contentType": "application/json",
            "summary": doc.summary,
            "payload": {"$ref": f"./{name}.schema.json"},
            "examples": [
                {"name": example, "payload": json.loads(message.encode())}
                for example, message in examples().items()
                if channel_of(example) is channel
            ],
        }
        channels[channel.value] = {
            "address": f"{ROOT}/{{site}}/{{kiosk}}/{channel}",
            "summary": doc.summary,
            "parameters": {
                "site": {"$ref": "#/components/parameters/site"},
                "kiosk": {"$ref": "#/components/parameters/kiosk"},
            },
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }
        operations[f"{'send' if doc.from_kiosk else 'receive'}{name}"] = {
            "action": "send" if doc.from_kiosk else "receive",
            "channel": {"$ref": f"#/channels/{channel}"},
            "bindings": {"mqtt": {"qos": 1, "retain": doc.retained, "bindingVersion": "0.2.0"}},
            "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "kaopi: kiosk and desk",
            "version": f"{VERSION}.0.0",
            "description": "MQTT 5 (3.1.1 works too) over mutual TLS 1.3. An in-house copy of the reader's own "
            "outcome; not an official 資格確認 result. Unknown fields are tolerated, unknown versions refused.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "clinic": {
                "host": "{host}:8883",
                "protocol": "mqtts",
                "protocolVersion": "5.0",
                "description": "mosquitto on the clinic PC; see deploy/mosquitto.",
                "variables": {"host": {"default": "localhost"}},
                "security": [{"$ref": "#/components/securitySchemes/certificate"}],
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "parameters": {
                "site": {"description": "Site id of the clinic: 1-32 of a-z, 0-9 and '-'."},
                "kiosk": {"description": "Kiosk id; the CN of its certificate."},
            },
            "securitySchemes": {"certificate": {"type": "X509", "description": "One certificate per kiosk."}},
        },
    }


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def pages() -> dict[str, str]:
    """Return every generated file by its path below docs/api."""
    files = {f"{doc.model.__name__}.schema.json": _text(schema_of(doc.model)) for doc in CHANNELS.values()}
    files["asyncapi.json"] = _text(asyncapi())
    for name, message in examples().items():
        files[f"examples/{name}.json"] = _text(json.loads(message.encode()))
    return files


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with ``--check`` only compare. Returns 1 when one is stale."""
    given = sys.argv[1:] if arguments is None else arguments
    made = pages()
    stale = [
        name
        for name, text in made.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    gone = [file for file in sorted((DOCS / "examples").glob("*.json")) if f"examples/{file.name}" not in made]
    if "--check" in given:
        for name in [*stale, *(f"examples/{file.name}" for file in gone)]:
            sys.stderr.write(f"docs/api/{name} is stale; run: python -m hw_sim.clinic.apidocs\n")
        return 1 if stale or gone else 0
    for name in stale:
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(made[name], encoding="utf-8")
    for file in gone:
        file.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
