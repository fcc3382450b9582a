"""The simulator's cable: a real link over it loses its broker and finds it again, and nothing passes a silent one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hw_sim.broker.cable import Cable
from hw_sim.broker.embedded import EmbeddedBroker, free_port

from reader.uplink.link import Received
from reader.uplink.link_paho import PahoLink
from reader.uplink.settings import BrokerSettings

TOPIC = "kaopi/v1/site/clinic/kiosk/kiosk-1/state"


def until(what: Callable[[], bool], seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.01)
    return what()


class Ends:
    """A kiosk's link over the cable and a desk's beside it."""

    def __init__(self, cable: Cable, broker: BrokerSettings) -> None:
        self.cable = cable
        self.desk = PahoLink(broker, client_id="desk", subscriptions=[TOPIC])
        self.kiosk = PahoLink(replace(broker, port=cable.port), client_id="kiosk-1", subscriptions=[])
        self._heard = 0
        for link in (self.desk, self.kiosk):
            link.connect()
        assert until(self.both)

    def both(self) -> bool:
        for link in (self.desk, self.kiosk):
            self._heard += sum(isinstance(fact, Received) for fact in link.poll())
        return self.desk.connected and self.kiosk.connected

    def gone(self) -> bool:
        return not self.both()

    def say(self) -> None:
        assert self.kiosk.publish(TOPIC, b"{}", qos=0, retain=False)

    def heard(self) -> int:
        self.both()
        return self._heard


@pytest.fixture
def ends() -> Iterator[Ends]:
    port = free_port()
    broker = EmbeddedBroker(port).start()
    settings = BrokerSettings(host="127.0.0.1", port=port, protocol="3.1.1", reconnect_min_s=0.05, reconnect_max_s=0.2)
    with Cable(port) as cable:
        both = Ends(cable, settings)
        yield both
        both.kiosk.close()
        both.desk.close()
    broker.stop()


def test_a_cut_cable_takes_the_broker_away_until_it_is_mended(ends: Ends) -> None:
    ends.cable.cut()
    assert until(ends.gone)
    time.sleep(0.3)
    assert ends.gone(), "nor does it let anybody in"
    ends.cable.mend()
    assert until(ends.both)
    ends.say()
    assert until(lambda: ends.heard() == 1)


def test_a_silent_cable_holds_the_connection_and_carries_nothing(ends: Ends) -> None:
    ends.cable.mute()
    ends.say()
    assert not until(lambda: ends.heard() > 0, 0.5)
    assert ends.both(), "it looks well from both ends"
    ends.cable.mend()
    assert until(ends.gone), "both ends begin anew"
    assert until(ends.both)


def test_a_slow_cable_carries_later(ends: Ends) -> None:
    ends.cable.slow(0.4)
    began = time.monotonic()
    ends.say()
    assert until(lambda: ends.heard() == 1)
    assert 0.35 <= time.monotonic() - began < 5.0
