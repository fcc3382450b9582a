"""A result reaches the desk and leaves the outbox, over every broker there is."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hw_sim.broker.embedded import EmbeddedBroker

from reader.desk.link import paho_desk_link
from reader.desk.service import DeskService
from reader.desk.store import Store
from reader.uplink.bridge import LinkState, kiosk_bridge
from reader.uplink.link import Connected, Disconnected, Fact
from reader.uplink.link_paho import PahoLink
from reader.uplink.messages import ResultMessage
from reader.uplink.outbox import Outbox
from reader.uplink.run import run_uplink
from reader.uplink.settings import BrokerSettings, UplinkSettings


@contextmanager
def uplink_running(settings: UplinkSettings) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run_uplink, args=(settings,), kwargs={"stop": stop})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def until(what: Callable[[], bool], limit_s: float = 15.0) -> None:
    deadline = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("protocol", ["3.1.1", "auto"])
def test_a_result_reaches_the_desk_and_leaves_the_outbox(
    protocol: str, tmp_path: Path, result: Callable[[int], ResultMessage]
) -> None:
    with EmbeddedBroker() as broker:
        at = BrokerSettings(host="127.0.0.1", port=broker.port, protocol=protocol)  # type: ignore[arg-type]
        store = Store(tmp_path / "desk.db")
        desk = paho_desk_link(DeskService(store, site="clinic"), at, "desk")
        desk.start()
        settings = UplinkSettings("clinic", "kiosk-1", tmp_path / "outbox.db", tmp_path, at, retry_s=1.0)
        box = Outbox(settings.outbox)
        kiosk = kiosk_bridge(tmp_path)
        try:
            with uplink_running(settings):
                message = result(0)
                box.put(message.result_id, message.encode())
                until(lambda: box.depth() == 0)
                assert store.has_result(message.result_id)
                assert store.count_results() == 1
                links: list[LinkState] = []

                def desk_told() -> bool:
                    links.extend(note for note in kiosk.poll() if isinstance(note, LinkState))
                    return bool(links) and links[-1].broker and links[-1].desk and links[-1].depth == 0

                until(desk_told)
        finally:
            desk.stop()
            store.close()
            box.close()
            kiosk.close()


def test_a_network_thread_that_dies_is_noticed_and_replaced() -> None:
    """paho's thread ends on any exception; nobody else would ever read the socket again."""
    with EmbeddedBroker() as broker:
        link = PahoLink(broker.settings, client_id="kiosk-1", subscriptions=["kaopi/1/clinic/kiosk-1/cmd"])
        facts: list[Fact] = []

        def heard(kind: type[Fact]) -> bool:
            facts.extend(link.poll())
            return any(isinstance(fact, kind) for fact in facts)

        try:
            link.connect()
            until(lambda: heard(Connected))
            client = link._client
            assert client is not None
            wire = client.socket()
            assert isinstance(wire, socket.socket)
            assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "no message waits 40 ms for another"
            client.loop_misc = lambda: sys.exit("killed by the test")  # type: ignore[method-assign]
            until(lambda: client.died is not None)
            facts.clear()
            until(lambda: heard(Connected))
            assert heard(Disconnected)
            assert link.connected
            assert link._client is not client
        finally:
            link.close()
