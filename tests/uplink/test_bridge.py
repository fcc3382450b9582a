"""The socket between kiosk and uplink: bounded, validated at both ends, and never in anybody's way."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.session.failures import Failure
from reader.session.vocabulary import VisualReason
from reader.uplink.bridge import (
    MAX_DATAGRAM,
    AlertReport,
    Hello,
    KioskBridge,
    LinkState,
    MemoryPipe,
    Order,
    StateReport,
    UplinkBridge,
    Wake,
    kiosk_bridge,
    memory_bridges,
    uplink_bridge,
)
from reader.uplink.ids import uuid7
from reader.uplink.messages import Command, Service, State, alert_from

NOW = datetime(2026, 2, 21, tzinfo=UTC)
STATE = State(site="clinic", kiosk="kiosk-1", online=True, at=NOW, service=Service.READY)
ORDER = Command(
    site="clinic",
    kiosk="kiosk-1",
    command_id=uuid7(NOW),
    issued_at=NOW,
    action="startVisualCheck",
    operator="uketsuke-1",
    reason=VisualReason.UNWELL,
)
Pair = tuple[KioskBridge, UplinkBridge]


@pytest.fixture(params=["sockets", "memory"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    if request.param == "memory":
        yield memory_bridges()
        return
    kiosk, uplink = kiosk_bridge(tmp_path), uplink_bridge(tmp_path)
    yield kiosk, uplink
    kiosk.close()
    uplink.close()


def test_notes_arrive_in_order_and_as_they_were(pair: Pair) -> None:
    kiosk, uplink = pair
    alert = AlertReport(alert=alert_from(Failure.CARD_LEFT, site="clinic", kiosk="kiosk-1", now=NOW))
    assert kiosk.send(Wake())
    assert kiosk.send(alert)
    assert uplink.poll() == [Wake(), alert]
    order, link = Order(command=ORDER), LinkState(broker=True, desk=True, depth=3)
    assert uplink.send(order)
    assert uplink.send(link)
    assert kiosk.poll() == [order, link]


def test_polling_never_waits(pair: Pair) -> None:
    kiosk, uplink = pair
    assert kiosk.poll() == []
    assert uplink.poll() == []


def test_an_uplink_that_starts_later_is_told_the_last_state(pair: Pair) -> None:
    kiosk, uplink = pair
    kiosk.send(StateReport(state=STATE))
    uplink.poll()
    uplink.send(Hello())
    kiosk.poll()
    assert uplink.poll() == [StateReport(state=STATE)]


def test_sending_to_nobody_is_no_error(tmp_path: Path) -> None:
    kiosk = kiosk_bridge(tmp_path)
    assert not kiosk.send(Wake())
    kiosk.close()


def test_a_flood_is_dropped_not_waited_for(tmp_path: Path) -> None:
    kiosk, uplink = kiosk_bridge(tmp_path), uplink_bridge(tmp_path)
    sent = [kiosk.send(Wake()) for _ in range(2000)]
    assert not all(sent)
    while notes := uplink.poll():
        assert len(notes) <= 64
    assert kiosk.send(Wake())
    kiosk.close()
    uplink.close()


def test_a_stale_socket_file_is_replaced(tmp_path: Path) -> None:
    first = kiosk_bridge(tmp_path)
    again = kiosk_bridge(tmp_path)
    uplink = uplink_bridge(tmp_path)
    assert uplink.send(Hello())
    assert again.poll() == [Hello()]
    for end in (first, again, uplink):
        end.close()


def test_an_oversized_datagram_is_refused(tmp_path: Path) -> None:
    uplink = uplink_bridge(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(b'{"kind":"wake","x":"' + b"x" * MAX_DATAGRAM + b'"}', str(tmp_path / "uplink.sock"))
    assert uplink.poll() == []
    uplink.close()


def test_the_sockets_are_for_owner_and_group_only(tmp_path: Path) -> None:
    kiosk, uplink = kiosk_bridge(tmp_path), uplink_bridge(tmp_path)
    assert [path.stat().st_mode & 0o007 for path in tmp_path.glob("*.sock")] == [0, 0]
    kiosk.close()
    uplink.close()
    assert list(tmp_path.glob("*.sock")) == []


def _ends_fed_with(datagram: bytes) -> list[Callable[[], object]]:
    from collections import deque

    return [
        KioskBridge(MemoryPipe(deque([datagram]), deque())).poll,
        UplinkBridge(MemoryPipe(deque([datagram]), deque())).poll,
    ]


@given(st.binary(max_size=300) | st.just(b'{"kind":"order","command":{"action":"decide"}}') | st.just(b"[" * 5000))
def test_any_bytes_are_refused_at_both_ends(datagram: bytes) -> None:
    for poll in _ends_fed_with(datagram):
        assert poll() == []


def test_each_end_takes_only_what_is_meant_for_it() -> None:
    kiosk_poll, uplink_poll = _ends_fed_with(Wake().model_dump_json().encode())
    assert kiosk_poll() == []
    assert uplink_poll() == [Wake()]
    kiosk_poll, uplink_poll = _ends_fed_with(Order(command=ORDER).model_dump_json().encode())
    assert kiosk_poll() == [Order(command=ORDER)]
    assert uplink_poll() == []
