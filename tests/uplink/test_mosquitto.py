"""The real mosquitto with the shipped configuration, seen from outside by its own clients.

Needs the Debian packages mosquitto and mosquitto-clients; without them these tests fail, they do not skip.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hw_sim.broker.mosquitto import SHIPPED, Mosquitto
from hw_sim.clinic.results import accepted_by_face

from reader.desk.link import DeskLink, paho_desk_link
from reader.desk.service import DeskService
from reader.desk.store import Store
from reader.session.vocabulary import VisualReason
from reader.uplink.bridge import Order, StateReport, kiosk_bridge
from reader.uplink.devcerts import CertificateFolder, main, make_certificates
from reader.uplink.link import Connected, Denied, Disconnected, Fact
from reader.uplink.link_paho import PahoLink
from reader.uplink.messages import ResultMessage, Service, State, decode
from reader.uplink.outbox import Outbox
from reader.uplink.run import run_uplink
from reader.uplink.settings import UplinkSettings
from reader.uplink.topics import FROM_KIOSK, TO_KIOSK

SITE = "clinic"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateFolder:
    return make_certificates(tmp_path_factory.mktemp("certs"), ["kiosk-1", "kiosk-2"], now=datetime.now(UTC))


@pytest.fixture(scope="module")
def broker(certificates: CertificateFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker"), certificates, site=SITE) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "desk.db")
    yield store
    store.close()


@pytest.fixture
def states() -> list[State]:
    """Every state of a kiosk the desk has stored, also what stood only for a moment."""
    return []


@pytest.fixture
def desk(broker: Mosquitto, store: Store, states: list[State]) -> Iterator[DeskLink]:
    def changed(what: str) -> None:
        states.extend(row.state for row in store.kiosks() if row.state is not None)

    service = DeskService(store, site=SITE, on_change=changed)
    link = paho_desk_link(service, broker.settings("desk"), "desk")
    link.start()
    yield link
    link.stop()


def until(what: Callable[[], bool], limit_s: float = 15.0) -> None:
    deadline = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def client(broker: Mosquitto, program: str, name: str, *more: str, version: str = "5") -> list[str]:
    """The command line of mosquitto_pub or mosquitto_sub as ``name``."""
    assert broker.certificates is not None
    tls = broker.certificates.tls(name)
    return [
        program, "-h", "localhost", "-p", str(broker.port), "-V", f"mqttv{version}", "-q", "1",
        "--cafile", str(tls.ca), "--cert", str(tls.certificate), "--key", str(tls.key), *more,
    ]  # fmt: skip


def publish(broker: Mosquitto, name: str, topic: str, message: str) -> str:
    """Publish from outside; return what mosquitto_pub complained about."""
    done = subprocess.run(
        client(broker, "mosquitto_pub", name, "-t", topic, "-m", message, "-d"),
        capture_output=True,
        check=False,
        text=True,
        timeout=20,
    )
    return done.stdout + done.stderr


@contextmanager
def listening(broker: Mosquitto, name: str, topic: str) -> Iterator[Callable[[], list[str]]]:
    """A mosquitto_sub that has subscribed; gives what it heard so far, after ending it."""
    process = subprocess.Popen(
        ["stdbuf", "-oL", *client(broker, "mosquitto_sub", name, "-t", topic, "-d", "-v")],
        stdout=subprocess.PIPE,
        text=True,
    )
    heard: list[str] = []
    subscribed = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            heard.append(line)
            if "Subscribed" in line:
                subscribed.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert subscribed.wait(10), heard
        yield lambda: [line for line in heard if line.startswith("kaopi/")]
    finally:
        process.terminate()
        process.wait(10)
        reader.join(10)


@contextmanager
def kiosk_running(broker: Mosquitto, folder: Path, name: str = "kiosk-1", protocol: str = "5") -> Iterator[Outbox]:
    settings = UplinkSettings(SITE, name, folder / "outbox.db", folder, broker.settings(name, protocol), retry_s=1.0)
    stop = threading.Event()
    thread = threading.Thread(target=run_uplink, args=(settings,), kwargs={"stop": stop})
    with Outbox(settings.outbox) as box:
        thread.start()
        try:
            yield box
        finally:
            stop.set()
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_is_published_is_confirmed_from_outside(
    broker: Mosquitto, desk: DeskLink, store: Store, tmp_path: Path, protocol: str
) -> None:
    until(lambda: desk.connected)
    # use_username_as_clientid: the listener would throw the desk off under the desk's own name, so it stands in for it
    desk.stop()
    with listening(broker, "desk", f"kaopi/v1/{SITE}/+/result") as heard, kiosk_running(broker, tmp_path) as box:
        message = accepted_by_face(datetime.now(UTC), site=SITE, kiosk="kiosk-1")
        box.put(message.result_id, message.encode())
        until(lambda: bool(heard()))
        topic, _, payload = heard()[0].partition(" ")
        assert topic == f"kaopi/v1/{SITE}/kiosk-1/result"
        assert decode(ResultMessage, payload.encode()) == message
        assert box.depth() == 1  # delivered, even PUBACKed, and still nobody's word that it is stored


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_result_goes_from_outbox_to_desk_over_mutual_tls(
    broker: Mosquitto, desk: DeskLink, store: Store, tmp_path: Path, protocol: str
) -> None:
    with kiosk_running(broker, tmp_path, protocol=protocol) as box:
        message = accepted_by_face(datetime.now(UTC), site=SITE, kiosk="kiosk-1")
        box.put(message.result_id, message.encode())
        until(lambda: box.depth() == 0)
        assert [one.message for one in store.results_after(0)] == [message]


def test_an_order_of_the_desk_reaches_its_kiosk_and_no_other(
    broker: Mosquitto, desk: DeskLink, store: Store, tmp_path: Path
) -> None:
    kiosk = kiosk_bridge(tmp_path)
    now = datetime.now(UTC)
    order = DeskService(store, site=SITE).start_visual_check("kiosk-1", "uketsuke-1", VisualReason.UNWELL, now)
    until(lambda: desk.connected)
    with listening(broker, "kiosk-2", f"kaopi/v1/{SITE}/#") as heard, kiosk_running(broker, tmp_path):
        orders: list[Order] = []

        def ordered() -> bool:
            orders.extend(note for note in kiosk.poll() if isinstance(note, Order))
            return bool(orders)

        def sent_until_heard() -> bool:
            desk.send(*order)
            time.sleep(0.05)
            return ordered()

        until(sent_until_heard)
        assert orders[0].command.operator == "uketsuke-1"
        assert heard() == []
    kiosk.close()


def test_the_will_speaks_when_a_kiosk_vanishes_and_the_state_stays_readable(
    broker: Mosquitto, desk: DeskLink, states: list[State], tmp_path: Path
) -> None:
    kiosk = kiosk_bridge(tmp_path)
    state = State(site=SITE, kiosk="kiosk-1", online=True, at=datetime.now(UTC), service=Service.READY)

    def gone() -> bool:
        return any(not one.online for one in states)

    with kiosk_running(broker, tmp_path):
        until(lambda: kiosk.send(StateReport(state=state)))
        until(lambda: state in states)
        # the same name connects from outside and leaves without a word: the broker speaks the first one's will
        publish(broker, "kiosk-1", f"kaopi/v1/{SITE}/kiosk-1/health", "{}")
        until(gone)
        until(lambda: states[-1] == state)  # it reconnects and says its state again
        states.clear()
    until(gone)
    kiosk.close()


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("kiosk-2", f"kaopi/v1/{SITE}/kiosk-1/result"),
        ("kiosk-2", f"kaopi/v1/{SITE}/kiosk-1/state"),
        ("kiosk-1", f"kaopi/v1/{SITE}/kiosk-1/cmd"),
        ("kiosk-1", f"kaopi/v1/{SITE}/kiosk-1/ack"),
        ("kiosk-1", f"kaopi/v1/{SITE}/kiosk-1/rsp"),
        ("kiosk-1", f"kaopi/v1/{SITE}/kiosk-1/other"),
        ("kiosk-1", "kaopi/v1/othersite/kiosk-1/result"),
        ("desk", f"kaopi/v1/{SITE}/kiosk-1/result"),
        ("kiosk-1", "anything"),
    ],
)
def test_a_publish_that_is_nobodys_business_is_refused(broker: Mosquitto, name: str, topic: str) -> None:
    assert "Not authorized" in publish(broker, name, topic, "{}")


def test_a_publish_that_is_ones_own_business_is_taken(broker: Mosquitto) -> None:
    assert "Not authorized" not in publish(broker, "kiosk-1", f"kaopi/v1/{SITE}/kiosk-1/result", "{}")


def test_a_kiosk_hears_nothing_of_another(broker: Mosquitto) -> None:
    with listening(broker, "kiosk-2", "#") as stranger, listening(broker, "kiosk-1", "#") as owner:
        for channel in ("cmd", "ack", "rsp"):
            publish(broker, "desk", f"kaopi/v1/{SITE}/kiosk-1/{channel}", "{}")
        until(lambda: len(owner()) == 3)
        assert stranger() == []


def test_a_denied_publish_is_seen_by_the_link(broker: Mosquitto) -> None:
    link = PahoLink(broker.settings("kiosk-1"), client_id="kiosk-1", subscriptions=[])
    facts: list[Fact] = []
    link.connect()

    def saw(kind: type[Fact]) -> bool:
        facts.extend(link.poll())
        return any(isinstance(fact, kind) for fact in facts)

    until(lambda: saw(Connected))
    assert link.publish(f"kaopi/v1/{SITE}/kiosk-2/result", b"{}", qos=1, retain=False)
    until(lambda: saw(Denied))
    assert [fact for fact in facts if isinstance(fact, Denied)] == [
        Denied(f"kaopi/v1/{SITE}/kiosk-2/result", "Not authorized")
    ]
    link.close()


def test_a_stranger_without_a_certificate_gets_no_connection(
    broker: Mosquitto, certificates: CertificateFolder
) -> None:
    done = subprocess.run(
        ["mosquitto_pub", "-h", "localhost", "-p", str(broker.port), "--cafile", str(certificates.tls("desk").ca),
         "-t", "x", "-m", "y"],
        capture_output=True, check=False, text=True, timeout=20,
    )  # fmt: skip
    assert done.returncode != 0


def test_a_certificate_of_another_ca_gets_no_connection(broker: Mosquitto, tmp_path: Path) -> None:
    other = make_certificates(tmp_path, ["kiosk-1"], now=datetime.now(UTC))
    settings = broker.settings("kiosk-1")
    assert settings.tls is not None
    strangers = replace(other.tls("kiosk-1"), ca=settings.tls.ca)
    link = PahoLink(replace(settings, tls=strangers), client_id="kiosk-1", subscriptions=[])
    link.connect()
    facts: list[Fact] = []

    def refused() -> bool:
        facts.extend(link.poll())
        return any(isinstance(fact, Disconnected) for fact in facts)

    until(refused)
    assert not any(isinstance(fact, Connected) for fact in facts)
    link.close()


def test_nothing_older_than_tls_1_3_is_spoken(broker: Mosquitto, certificates: CertificateFolder) -> None:
    tls = certificates.tls("kiosk-1")
    context = ssl.create_default_context(cafile=str(tls.ca))
    context.load_cert_chain(tls.certificate, tls.key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("localhost", broker.port)) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="localhost")


def test_the_command_makes_what_is_missing_and_keeps_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--kiosk", "kiosk-1"]) == 0
    first = (tmp_path / "kiosk-1.crt").read_bytes()
    assert main([str(tmp_path), "--kiosk", "kiosk-1", "--kiosk", "kiosk-2"]) == 0
    assert (tmp_path / "kiosk-1.crt").read_bytes() == first
    assert "kiosk-2.key" in capsys.readouterr().out
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("*.key")} == {0}
    assert main([str(tmp_path), "--kiosk", "Kiosk/1"]) == 2


def test_the_acl_in_the_repository_names_every_channel(broker: Mosquitto) -> None:

    rules = (SHIPPED / "kaopi.acl").read_text().splitlines()
    for channel in FROM_KIOSK:
        assert f"pattern write kaopi/v1/site/%u/{channel}" in rules
        assert f"topic read kaopi/v1/site/+/{channel}" in rules
    for channel in TO_KIOSK:
        assert f"pattern read kaopi/v1/site/%u/{channel}" in rules
        assert f"topic write kaopi/v1/site/+/{channel}" in rules
    assert sum(line.startswith(("topic", "pattern")) for line in rules) == 2 * len(FROM_KIOSK + TO_KIOSK)
