"""The kiosk obeys a command once, while it is fresh, and checks it again itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reader.session.events import DeskReplied, StaffDecided, VisualCheckCancelled, VisualCheckOrdered
from reader.session.vocabulary import Consent, Registration, VisualReason
from reader.uplink.ids import uuid7
from reader.uplink.messages import Command, Consents, LastConsents, Response, StaffCode
from reader.uplink.orders import Orders, desk_replied

NOW = datetime(2026, 2, 21, tzinfo=UTC)


def command(**content: Any) -> Command:
    head: dict[str, Any] = {"site": "clinic", "kiosk": "kiosk-1", "command_id": uuid7(NOW), "issued_at": NOW}
    return Command(**(head | content))


def start(**content: Any) -> Command:
    return command(action="startVisualCheck", operator="uketsuke-1", reason=VisualReason.UNWELL, **content)


def test_commands_become_events() -> None:
    orders = Orders()
    assert orders.event(start(visual_check_s=120.0), at=5.0, wall=NOW, clock_synced=True) == VisualCheckOrdered(
        5.0, operator="uketsuke-1", reason="unwell", expires_at=125.0
    )
    stop = command(action="stopVisualCheck", operator="uketsuke-1")
    assert orders.event(stop, at=6.0, wall=NOW, clock_synced=True) == VisualCheckCancelled(6.0)
    decided = command(action="decide", operator="uketsuke-1", same_person=False)
    assert orders.event(decided, at=7.0, wall=NOW, clock_synced=True) == StaffDecided(
        7.0, operator="uketsuke-1", same_person=False
    )


def test_a_command_is_obeyed_once() -> None:
    orders, order = Orders(), start()
    assert orders.event(order, at=1.0, wall=NOW, clock_synced=True) is not None
    assert orders.event(order, at=2.0, wall=NOW, clock_synced=True) is None


@pytest.mark.parametrize(
    ("age_s", "synced", "obeyed"), [(59, True, True), (91, True, False), (-60, True, False), (9e4, False, True)]
)
def test_a_stale_command_is_not_obeyed(age_s: float, synced: bool, obeyed: bool) -> None:
    event = Orders().event(start(), at=1.0, wall=NOW + timedelta(seconds=age_s), clock_synced=synced)
    assert (event is not None) is obeyed


def test_staff_codes_are_no_event_of_the_session() -> None:
    code = StaffCode(operator="uketsuke-1", salt="c2FsdA==", hash="aGFzaA==")
    order = command(action="setStaffCodes", staff_codes=(code,))
    assert Orders().event(order, at=1.0, wall=NOW, clock_synced=True) is None
    assert Orders().staff_codes(order, wall=NOW, clock_synced=True) == (code,)
    assert Orders().staff_codes(start(), wall=NOW, clock_synced=True) is None


def test_the_desks_answer_becomes_an_event() -> None:
    answer = Response(
        site="clinic",
        kiosk="kiosk-1",
        request_id=uuid7(NOW),
        last_consents=LastConsents(consents=Consents(operation="0")),
        registration=Registration.REGISTERED,
    )
    assert desk_replied(answer, at=3.0, visit=7) == DeskReplied(
        3.0,
        visit=7,
        last_consents={Consent.OPERATION: False},
        registration=Registration.REGISTERED,
    )
