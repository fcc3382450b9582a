"""The uplink under a virtual clock: nothing lost, nothing twice, nobody kept waiting. No sleeping, no network."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hw_sim.broker.memory import MemoryBroker, matches
from hw_sim.clinic.results import accepted_by_face
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.desk.link import DeskLink, desk_subscriptions
from reader.desk.service import DeskService
from reader.desk.store import Store
from reader.session.failures import Failure
from reader.session.vocabulary import VisualReason
from reader.uplink.bridge import AlertReport, Ask, Hello, LinkState, Order, Reply, StateReport, Wake, memory_bridges
from reader.uplink.ids import uuid7
from reader.uplink.messages import Request, Service, State, alert_from, will
from reader.uplink.outbox import Outbox
from reader.uplink.settings import UplinkSettings
from reader.uplink.topics import TO_KIOSK, Channel, Topic
from reader.uplink.worker import Uplink

START = datetime(2026, 2, 21, tzinfo=UTC)
SITE, KIOSK = "clinic", "kiosk-1"


def topic(channel: Channel) -> str:
    return str(Topic(SITE, KIOSK, channel))


class Clinic:
    """One kiosk's uplink, a broker and a desk, all on one virtual clock."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.broker = MemoryBroker()
        self.outbox = Outbox(folder / "outbox.db", wall=self.wall)
        self.kiosk, uplink_end = memory_bridges()
        gone = (topic(Channel.STATE), will(SITE, KIOSK).encode())
        link = self.broker.link(KIOSK, [topic(channel) for channel in TO_KIOSK], gone)
        config = UplinkSettings(SITE, KIOSK, folder / "outbox.db", folder, window=4, retry_s=10.0, presence_s=20.0)
        self.uplink = Uplink(self.outbox, link, uplink_end, config)
        self.store = Store(folder / "desk.db")
        self.service = DeskService(self.store, site=SITE)
        self.desk = DeskLink(self.service, self.broker.link("desk", desk_subscriptions(SITE)), wall=self.wall)
        self.desk_up = False

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def open_desk(self) -> None:
        self.desk_up = True
        self.desk._link.connect()

    def close_desk(self) -> None:
        self.desk_up = False
        self.desk._link.close()

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            wait = self.uplink.step(self.now, self.wall())
            if self.desk_up:
                self.desk.pump()
            busy = any(link.facts for link in self.broker.links if link.connected)
            self.now = min(end, self.now + (0.01 if busy else max(0.01, min(wait, 1.0))))

    def put(self, count: int) -> list[uuid.UUID]:
        ids = []
        for _ in range(count):
            message = accepted_by_face(self.wall(), site=SITE, kiosk=KIOSK)
            self.outbox.put(message.result_id, message.encode())
            ids.append(message.result_id)
        return ids

    def stored(self) -> set[uuid.UUID]:
        return {one.message.result_id for one in self.store.results_after(0)}

    def sent(self, channel: Channel) -> int:
        return sum(1 for one in self.broker.log if one.topic == topic(channel))


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def test_results_reach_the_desk_once_and_leave_the_outbox(clinic: Clinic) -> None:
    clinic.open_desk()
    ids = clinic.put(20)
    clinic.run(5)
    assert clinic.stored() == set(ids)
    assert clinic.outbox.depth() == 0
    assert clinic.sent(Channel.RESULT) == 20


def test_without_a_desk_nothing_leaves_and_only_a_window_is_repeated(clinic: Clinic) -> None:
    clinic.put(20)
    clinic.run(60)
    assert clinic.outbox.depth() == 20
    assert clinic.sent(Channel.RESULT) == 4 * 3  # at 0, 10 and 30 s: the wait doubles
    clinic.open_desk()
    clinic.run(20)
    assert clinic.outbox.depth() == 0
    assert clinic.store.count_results() == 20


def test_a_desk_that_comes_back_gets_everything_at_once_not_after_the_longest_wait(clinic: Clinic) -> None:
    clinic.put(3)
    clinic.run(300)
    clinic.open_desk()
    clinic.run(20.5)  # the next presence question is at most presence_s away
    assert clinic.outbox.depth() == 0


def test_a_lost_acknowledgement_costs_a_repeat_and_no_second_row(clinic: Clinic) -> None:
    lost: list[str] = []

    def lose(where: str, _client: str) -> bool:
        if where == topic(Channel.ACK) and len(lost) < 100:
            lost.append(where)
            return True
        return False

    clinic.broker.lose = lose
    clinic.open_desk()
    clinic.put(100)
    clinic.run(4000)
    assert len(lost) == 100
    assert clinic.outbox.depth() == 0
    assert clinic.store.count_results() == 100


def test_a_puback_alone_frees_nothing(clinic: Clinic) -> None:
    clinic.broker.lose = lambda where, _client: where == topic(Channel.RESULT)
    clinic.open_desk()
    clinic.put(1)
    clinic.run(120)
    assert clinic.sent(Channel.RESULT) > 2
    assert clinic.outbox.depth() == 1


def test_another_kiosks_or_a_strangers_acknowledgement_frees_nothing(clinic: Clinic) -> None:
    (result_id,) = clinic.put(1)
    clinic.run(1)
    good = b'{"version":1,"site":"clinic","kiosk":"KIOSK","resultId":"%s","status":"stored"}' % str(result_id).encode()
    clinic.broker.publish("x", topic(Channel.ACK), good.replace(b"KIOSK", b"kiosk-2"), retain=False)
    clinic.broker.publish("x", topic(Channel.ACK), b"stored", retain=False)
    clinic.run(1)
    assert clinic.outbox.depth() == 1
    clinic.broker.publish("x", topic(Channel.ACK), good.replace(b"KIOSK", b"kiosk-1"), retain=False)
    clinic.run(1)
    assert clinic.outbox.depth() == 0


def test_a_result_the_desk_cannot_read_stays_and_holds_up_nobody(clinic: Clinic) -> None:
    clinic.open_desk()
    unreadable = uuid7(START)
    clinic.outbox.put(unreadable, b'{"version":2,"resultId":"%s"}' % str(unreadable).encode())
    ids = clinic.put(10)
    clinic.run(30)
    assert clinic.stored() == set(ids)
    assert [row.result_id for row in clinic.outbox.due(math.inf)] == [unreadable]
    assert clinic.sent(Channel.RESULT) == 11
    assert "version 2" in clinic.store.refused()[0][1]


def test_a_result_discarded_by_staff_is_not_sent_again(clinic: Clinic) -> None:
    clinic.put(1)
    clinic.run(1)
    with Outbox(clinic.outbox._path) as kiosks_own:
        kiosks_own.discard(operator="uketsuke-1", reason="desk replaced")
    before = clinic.sent(Channel.RESULT)
    clinic.run(300)
    assert clinic.sent(Channel.RESULT) == before


def test_the_state_is_said_again_after_every_connection(clinic: Clinic) -> None:
    state = State(site=SITE, kiosk=KIOSK, online=True, at=START, service=Service.READY)
    clinic.kiosk.send(StateReport(state=state))
    clinic.run(1)
    clinic.broker.cut(KIOSK)
    assert clinic.broker.log[-1].payload == will(SITE, KIOSK).encode()
    clinic.broker.start()
    clinic.run(1)
    last = [one for one in clinic.broker.log if one.topic == topic(Channel.STATE)][-1]
    assert last.payload == state.encode()
    assert last.retain


def test_a_kiosk_process_that_falls_silent_is_told_as_gone_until_it_speaks_again(clinic: Clinic) -> None:
    def last_state() -> bytes:
        return [one for one in clinic.broker.log if one.topic == topic(Channel.STATE)][-1].payload

    state = State(site=SITE, kiosk=KIOSK, online=True, at=START, service=Service.READY)
    clinic.kiosk.send(StateReport(state=state))
    clinic.run(80)
    assert last_state() == state.encode()
    clinic.run(20)
    assert last_state() == will(SITE, KIOSK).encode()
    clinic.kiosk.send(Wake())
    clinic.run(1)
    assert last_state() == state.encode()


def test_alerts_wait_for_the_broker(clinic: Clinic) -> None:
    clinic.broker.stop()
    alert = alert_from(Failure.CARD_LEFT, site=SITE, kiosk=KIOSK, now=START)
    clinic.kiosk.send(AlertReport(alert=alert))
    clinic.run(5)
    clinic.open_desk()
    clinic.broker.start()
    clinic.run(5)
    assert [one.alert_id for one in clinic.store.open_alerts()] == [alert.alert_id]


def test_a_publish_the_broker_denies_becomes_an_alert_once(clinic: Clinic) -> None:
    clinic.broker.deny = lambda _client, where: where == topic(Channel.RESULT)
    clinic.open_desk()
    clinic.put(3)
    clinic.run(60)
    assert clinic.outbox.depth() == 3
    assert [one.failure for one in clinic.store.open_alerts()] == [Failure.DESK_AWAY.value]


def test_questions_and_orders_pass_through(clinic: Clinic) -> None:
    clinic.open_desk()
    clinic.run(1)
    clinic.kiosk.poll()
    ask = Request(site=SITE, kiosk=KIOSK, request_id=uuid7(START), asks="visit", patient_key="a" * 64)
    clinic.kiosk.send(Ask(request=ask))
    clinic.desk.send(*clinic.service.start_visual_check(KIOSK, "uketsuke-1", VisualReason.UNWELL, clinic.wall()))
    clinic.run(1)
    notes = clinic.kiosk.poll()
    (reply,) = [note for note in notes if isinstance(note, Reply)]
    assert reply.response.request_id == ask.request_id
    assert reply.response.nonce is not None
    (order,) = [note for note in notes if isinstance(note, Order)]
    assert order.command.action == "startVisualCheck"


def test_a_retained_command_is_not_obeyed(clinic: Clinic) -> None:
    where, payload = clinic.service.start_visual_check(KIOSK, "uketsuke-1", VisualReason.UNWELL, clinic.wall())
    clinic.broker.publish("desk", where, payload, retain=True)
    clinic.run(1)
    assert not [note for note in clinic.kiosk.poll() if isinstance(note, Order)]


def test_the_kiosk_is_told_about_link_and_depth_when_they_change(clinic: Clinic) -> None:
    clinic.put(1)
    clinic.run(1)
    hello, *told = clinic.kiosk.poll()
    assert isinstance(hello, Hello)
    assert told[-1] == LinkState(broker=True, desk=False, depth=1)
    clinic.open_desk()
    clinic.run(25)
    assert clinic.kiosk.poll()[-1] == LinkState(broker=True, desk=True, depth=0)
    clinic.close_desk()
    clinic.run(60)
    assert clinic.kiosk.poll()[-1] == LinkState(broker=True, desk=False, depth=0)
    clinic.broker.stop()
    clinic.run(1)
    assert clinic.kiosk.poll()[-1] == LinkState(broker=False, desk=False, depth=0)


def test_a_disk_that_fails_is_told_and_tried_again(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.open_desk()
    clinic.put(1)
    good = clinic.outbox._path
    monkeypatch.setattr(clinic.outbox, "_path", Path("/dev/full/no/outbox.db"))
    clinic.outbox.close()
    clinic.run(2)
    assert clinic.kiosk.poll()[-1] == LinkState(broker=True, desk=True, depth=0, outbox_ok=False)
    monkeypatch.setattr(clinic.outbox, "_path", good)
    clinic.run(10)
    assert clinic.kiosk.poll()[-1] == LinkState(broker=True, desk=True, depth=0, outbox_ok=True)
    assert clinic.store.count_results() == 1


Action = Callable[[Clinic], object]
ACTIONS: dict[str, Action] = {
    "put": lambda clinic: clinic.put(2),
    "broker stops": lambda clinic: clinic.broker.stop(),
    "broker starts": lambda clinic: clinic.broker.start(),
    "desk opens": lambda clinic: clinic.open_desk(),
    "desk closes": lambda clinic: clinic.close_desk(),
    "kiosk cut": lambda clinic: clinic.broker.cut(KIOSK),
    "time passes": lambda clinic: clinic.run(15),
}


@settings(max_examples=30, deadline=None)
@given(
    acts=st.lists(st.sampled_from(sorted(ACTIONS)), max_size=25),
    losses=st.lists(st.booleans(), max_size=60),
)
def test_whatever_fails_everything_arrives_once(
    acts: list[str], losses: list[bool], tmp_path_factory: pytest.TempPathFactory
) -> None:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"))
    pending = list(losses)
    clinic.broker.lose = lambda _where, _client: bool(pending) and pending.pop()
    put: set[uuid.UUID] = set()
    for act in acts:
        made = ACTIONS[act](clinic)
        put |= set(made) if isinstance(made, list) else set()
        clinic.run(1)
        waiting = {row.result_id for row in clinic.outbox.due(math.inf, limit=1000)}
        assert put <= waiting | clinic.stored()
    pending.clear()
    clinic.broker.start()
    clinic.open_desk()
    clinic.run(400)
    assert clinic.stored() == put
    assert clinic.store.count_results() == len(put)
    assert clinic.outbox.depth() == 0


@pytest.mark.parametrize(
    ("pattern", "where", "covered"),
    [
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a/b/d", False),
        ("a/#", "a/b/c", True),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
    ],
)
def test_topic_filters(pattern: str, where: str, covered: bool) -> None:
    assert matches(pattern, where) is covered
