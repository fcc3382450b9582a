"""A kiosk with a one-time token gets its certificate over real TLS; whatever goes wrong is said, and made good."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from reader.cli import app
from reader.config import enrolling
from reader.config.load import ConfigError
from reader.config.refusal import refused
from reader.desk.enrolment import Enrolment, Listener, listen
from reader.desk.watched import ThreadDied
from reader.durable import write
from reader.provision import enrolment
from reader.provision.enrolment import NotYet, Order, fetch, fetch_until_there, install, prepare, request_of
from reader.provision.fleet import ONE, example, write_setups
from reader.provision.importer import provision
from reader.provision.schema import FILE_NAME, load_setup
from reader.provision.schema import Enrolment as Asked
from reader.uplink.devcerts import CertificateFolder, make_certificates
from reader.uplink.enrolment import CA_PATH, ENROL_PATH, Reason, TokenBook, fingerprint

NOW = dt.datetime.now(dt.UTC)
TOKEN = "A" * 32


class Desk:
    """A clinic PC that enrols kiosks at a real port, with a clock of its own."""

    def __init__(self, folder: Path) -> None:
        make_certificates(folder, [], hosts=["localhost", "127.0.0.1"], now=NOW)
        self.folder, self.book, self.now = folder, TokenBook(folder), NOW
        self.enrolled: list[str] = []
        enrolment = Enrolment(folder, self.enrolled.append)
        self.listener = Listener(folder, CertificateFolder(folder).broker_hosts(), enrolment, lambda: self.now, port=0)

    @property
    def port(self) -> int:
        return int(self.listener.server_address[1])

    @property
    def fingerprint(self) -> str:
        return fingerprint(CertificateFolder(self.folder).authority().certificate)

    def order(self, kiosk: str = "front", host: str = "localhost") -> Order:
        return Order(kiosk, f"{host}:{self.port}", self.book.issue(kiosk, NOW), self.fingerprint)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path / "ca")
    with found.listener:
        yield found


class Kiosk:
    """A kiosk's /etc/kaopi, made ready for an order."""

    def __init__(self, folder: Path, order: Order) -> None:
        self.etc, self.order = folder / "etc/kaopi", order
        self.answer, self.status = folder / "run/answer.json", folder / "run/waiting.json"
        (self.etc / "tls").mkdir(mode=0o700, parents=True)
        self.prepare(order)

    def prepare(self, order: Order) -> None:
        asked = Asked(address=order.address, token=order.token, fingerprint=order.fingerprint)
        prepare(self.etc, order.kiosk, asked)
        self.order = order

    @property
    def request(self) -> bytes:
        return (self.etc / "enrolment" / enrolment.REQUEST).read_bytes()

    @property
    def key(self) -> bytes:
        return (self.etc / "tls/kiosk.key").read_bytes()

    def fetch(self, waits: list[float], until: Callable[[], object] = lambda: None) -> None:
        def sleep(seconds: float) -> None:
            waits.append(seconds)
            until()

        order = Order.read(self.etc / "enrolment" / enrolment.ORDER)
        fetch_until_there(order, self.request, answer=self.answer, status=self.status, sleep=sleep, jitter=lambda: 0.0)


@pytest.fixture
def kiosk(tmp_path: Path, desk: Desk) -> Kiosk:
    return Kiosk(tmp_path / "kiosk", desk.order())


def why(order: Order, request: bytes) -> str:
    with pytest.raises(NotYet) as caught:
        fetch(order, request)
    problem = caught.value.problem
    assert problem.japanese.endswith("。")
    assert order.token not in str(problem) + problem.japanese
    return problem.what


# -- all is well -------------------------------------------------------------------------------------------------------


def test_from_the_set_up_file_to_a_kiosk_with_its_own_certificate(tmp_path: Path, desk: Desk) -> None:
    template, boot, root = tmp_path / "clinic.toml", tmp_path / "boot", tmp_path / "root"
    template.write_text(example().replace("192.168.1.10", "localhost"), "utf-8")
    (setup,) = write_setups(template, ONE, desk.folder, tmp_path / "out", NOW, tokens=True)
    text = setup.read_text("utf-8").replace(":8738", f":{desk.port}")
    assert "PRIVATE KEY" not in text
    boot.mkdir()
    (boot / FILE_NAME).write_text(text, "utf-8")
    assert provision(boot, root, NOW)
    etc, run = root / "etc/kaopi", root / "run"
    assert list(boot.iterdir()) == []
    assert sorted(path.name for path in (etc / "tls").iterdir()) == ["kiosk.key"]
    assert (etc / "tls/kiosk.key").stat().st_mode & 0o777 == 0o600
    assert enrolling.waiting(etc / "enrolling", run / "none")
    order = Order.read(etc / "enrolment/order.json")
    fetch_until_there(
        order, (etc / "enrolment/request.der").read_bytes(), answer=run / "answer.json", status=run / "waiting.json"
    )
    assert install(etc, run / "answer.json") == "kiosk-1"
    assert desk.enrolled == ["kiosk-1"]
    own = x509.load_pem_x509_certificate((etc / "tls/kiosk.pem").read_bytes())
    own.verify_directly_issued_by(x509.load_pem_x509_certificate((etc / "tls/ca.pem").read_bytes()))
    key = serialization.load_pem_private_key((etc / "tls/kiosk.key").read_bytes(), None)
    assert own.public_key() == key.public_key()
    assert sorted(path.name for path in etc.iterdir()) == ["files", "site.toml", "tls"], "token and request are erased"
    assert enrolling.waiting(etc / "enrolling", run / "none") == []
    for file in (etc / "tls").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_an_address_does_as_well_as_a_name(tmp_path: Path, desk: Desk) -> None:
    kiosk = Kiosk(tmp_path / "kiosk", desk.order(host="127.0.0.1"))
    assert "BEGIN CERTIFICATE" in fetch(kiosk.order, kiosk.request).certificate


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_used_token_is_no_good_for_another_kiosk(tmp_path: Path, desk: Desk, kiosk: Kiosk) -> None:
    fetch(kiosk.order, kiosk.request)
    thief = Kiosk(tmp_path / "thief", kiosk.order)
    assert why(thief.order, thief.request) == "this token was used already"


def test_an_expired_token_says_so(desk: Desk, kiosk: Kiosk) -> None:
    desk.now = NOW + dt.timedelta(days=30)
    assert why(kiosk.order, kiosk.request) == "this token has expired"


def test_an_unknown_token_says_so(kiosk: Kiosk) -> None:
    assert "does not know this token" in why(replace(kiosk.order, token=TOKEN), kiosk.request)


def test_a_request_in_another_kiosks_name_says_so(desk: Desk, kiosk: Kiosk) -> None:
    other = request_of(kiosk.key, "back")
    assert why(kiosk.order, other) == "this token is for a kiosk of another name"
    assert why(replace(kiosk.order, kiosk="back"), other) == "this token is for a kiosk of another name"
    assert desk.enrolled == []


def test_a_request_that_is_none_says_so(kiosk: Kiosk, desk: Desk) -> None:
    answer = Enrolment(desk.folder).answer("POST", ENROL_PATH, _basic("front", kiosk.order.token), b"!!", NOW)
    assert (answer.status, answer.reason) == (400, "bad-request")


def test_a_server_of_another_ca_never_hears_the_token(tmp_path: Path, kiosk: Kiosk) -> None:
    heard: list[str] = []

    class Impostor(Enrolment):
        def answer(self, method: str, path: str, credentials: str, body: bytes, now: dt.datetime):  # type: ignore[no-untyped-def]
            heard.append(f"{method} {path} {credentials}")
            return super().answer(method, path, credentials, body, now)

    folder = make_certificates(tmp_path / "other", [], hosts=["localhost"], now=NOW).path
    with Listener(folder, ["localhost"], Impostor(folder), lambda: NOW, port=0) as listener:
        order = replace(kiosk.order, address=f"localhost:{listener.server_address[1]}")
        assert "another fingerprint" in why(order, kiosk.request)
    assert heard == [f"GET {CA_PATH} "]


def test_a_server_that_hands_on_our_ca_never_hears_the_token(tmp_path: Path, desk: Desk, kiosk: Kiosk) -> None:
    """The CA's certificate is no secret: whoever shows it must also have a certificate from it, for this name."""
    heard: list[str] = []

    class Impostor(Enrolment):
        def answer(self, method: str, path: str, credentials: str, body: bytes, now: dt.datetime):  # type: ignore[no-untyped-def]
            heard.append(f"{method} {path} {credentials}")
            return Enrolment(desk.folder).answer(method, path, credentials, body, now)

    folder = make_certificates(tmp_path / "other", [], hosts=["localhost"], now=NOW).path
    with Listener(folder, ["localhost"], Impostor(folder), lambda: NOW, port=0) as listener:
        order = replace(kiosk.order, address=f"localhost:{listener.server_address[1]}")
        assert "certificate is not for" in why(order, kiosk.request)
    with Listener(desk.folder, ["elsewhere.test"], Impostor(folder), lambda: NOW, port=0) as listener:
        order = replace(kiosk.order, address=f"localhost:{listener.server_address[1]}")
        assert "certificate is not for localhost" in why(order, kiosk.request)
    assert heard == [f"GET {CA_PATH} "] * 2


def test_a_clock_that_is_not_set_is_told_from_a_wrong_server(desk: Desk, kiosk: Kiosk) -> None:
    """The kiosk's clock stands; here the server's certificate is of the day after tomorrow instead."""
    later = NOW + dt.timedelta(days=2)
    with Listener(desk.folder, ["localhost"], Enrolment(desk.folder), lambda: later, port=0) as listener:
        order = replace(kiosk.order, address=f"localhost:{listener.server_address[1]}")
        assert "by this kiosk's clock" in why(order, kiosk.request)


def test_a_desk_that_is_away_or_has_no_name_says_so(kiosk: Kiosk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    assert "no answer" in why(replace(kiosk.order, address=f"127.0.0.1:{free}"), kiosk.request)
    assert "nobody knows the name" in why(replace(kiosk.order, address="no.such.invalid:1"), kiosk.request)


def test_something_else_at_that_port_says_so(desk: Desk, kiosk: Kiosk) -> None:
    class Silly(Enrolment):
        def answer(self, method: str, path: str, credentials: str, body: bytes, now: dt.datetime):  # type: ignore[no-untyped-def]
            found = super().answer(method, path, credentials, body, now)
            return found if method == "GET" else replace(found, status=500, reason="?", body=b"x" * 20_000)

    with Listener(desk.folder, ["localhost"], Silly(desk.folder), lambda: NOW, port=0) as listener:
        order = replace(kiosk.order, address=f"localhost:{listener.server_address[1]}")
        assert "no enrolment of kaopi" in why(order, kiosk.request)


def test_a_certificate_for_another_key_is_not_taken(desk: Desk, kiosk: Kiosk, tmp_path: Path) -> None:
    other = Kiosk(tmp_path / "other", desk.order("back"))
    theirs = fetch(other.order, other.request)

    class Mixer(Enrolment):
        def answer(self, method: str, path: str, credentials: str, body: bytes, now: dt.datetime):  # type: ignore[no-untyped-def]
            if method == "GET":
                return super().answer(method, path, credentials, body, now)
            return super().answer("POST", ENROL_PATH, _basic("back", other.order.token), _body(other.request), now)

    assert theirs.certificate
    with Listener(desk.folder, ["localhost"], Mixer(desk.folder), lambda: NOW, port=0) as listener:
        order = replace(kiosk.order, address=f"localhost:{listener.server_address[1]}")
        assert "no enrolment of kaopi" in why(order, kiosk.request)


# -- again, and again --------------------------------------------------------------------------------------------------


def test_a_connection_cut_after_the_certificate_was_made_is_made_good(desk: Desk, kiosk: Kiosk) -> None:
    """The desk has spent the token when the line breaks; the same key gets the same certificate."""
    given: list[bytes] = []

    class Cut(Enrolment):
        def answer(self, method: str, path: str, credentials: str, body: bytes, now: dt.datetime):  # type: ignore[no-untyped-def]
            found = super().answer(method, path, credentials, body, now)
            if method == "POST":
                given.append(found.body)
                if len(given) == 1:
                    raise ConnectionAbortedError("the plug was pulled")
            return found

    with Listener(desk.folder, ["localhost"], Cut(desk.folder), lambda: NOW, port=0) as listener:
        kiosk.prepare(replace(kiosk.order, address=f"localhost:{listener.server_address[1]}"))
        waits: list[float] = []
        kiosk.fetch(waits)
    assert waits == [2.0]
    assert given[0] == given[1]
    (problem,) = refused(kiosk.status)
    assert "no answer" in problem.what, "and meanwhile the screen said so"
    assert install(kiosk.etc, kiosk.answer) == "front"


def test_a_kiosk_that_lost_its_power_before_the_answer_was_stored_asks_again(desk: Desk, kiosk: Kiosk) -> None:
    first = fetch(kiosk.order, kiosk.request)
    key = kiosk.key
    kiosk.prepare(kiosk.order)  # the next start imports the same file again
    assert kiosk.key == key, "the same token goes with the same key"
    assert fetch(kiosk.order, kiosk.request) == first


def test_another_set_up_makes_another_key(desk: Desk, kiosk: Kiosk) -> None:
    kiosk.fetch([])
    install(kiosk.etc, kiosk.answer)
    key = kiosk.key
    kiosk.prepare(desk.order())
    assert kiosk.key != key
    assert not (kiosk.etc / "tls/kiosk.pem").exists(), "the old certificate belongs to the old key"


def test_it_waits_longer_each_time_and_goes_on_by_itself(desk: Desk, kiosk: Kiosk) -> None:
    address = kiosk.order.address
    desk.listener.shutdown()
    desk.book.cancel("front")
    broken = replace(kiosk.order, token=TOKEN)
    kiosk.prepare(broken)
    threading.Thread(target=desk.listener.serve_forever, daemon=True).start()
    waits: list[float] = []

    def mended() -> None:
        if len(waits) == 8:  # staff give this very token a ticket
            tickets = json.loads((desk.folder / "enrolment.json").read_text()) if desk.book.tickets() else []
            end = (NOW + dt.timedelta(days=1)).isoformat()
            tickets.append({"kiosk": "front", "token": hashlib.sha256(TOKEN.encode()).hexdigest(), "expires_at": end})
            write(desk.folder / "enrolment.json", json.dumps(tickets).encode(), 0o600)

    kiosk.fetch(waits, mended)
    assert waits == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    assert kiosk.order.address == address
    assert install(kiosk.etc, kiosk.answer) == "front"


# -- what root takes ---------------------------------------------------------------------------------------------------


def _forged(kiosk: Kiosk, desk: Desk, tmp_path: Path) -> Iterator[bytes]:
    other = make_certificates(tmp_path / "forger", ["front"], now=NOW)
    mine = make_certificates(desk.folder, ["other"], now=NOW)
    ca, theirs = other.tls("front").ca.read_text(), other.tls("front").certificate.read_text()
    yield b""
    yield b"[]"
    yield b'{"ca": 1, "certificate": 2}'
    yield b'{"ca": "x", "certificate": "y"}'
    yield json.dumps({"ca": ca, "certificate": theirs}).encode()
    yield json.dumps({"ca": mine.tls("other").ca.read_text(), "certificate": theirs}).encode()
    yield json.dumps(
        {"ca": mine.tls("other").ca.read_text(), "certificate": mine.tls("other").certificate.read_text()}
    ).encode()


def test_root_takes_nothing_but_this_kiosks_certificate(kiosk: Kiosk, desk: Desk, tmp_path: Path) -> None:
    for data in _forged(kiosk, desk, tmp_path):
        write(kiosk.answer, data, 0o644)
        with pytest.raises(ValueError, match="answer"):
            install(kiosk.etc, kiosk.answer)
        assert not kiosk.answer.exists()
        assert sorted(path.name for path in (kiosk.etc / "tls").iterdir()) == ["kiosk.key"]
        assert enrolling.waiting(kiosk.etc / "enrolling", kiosk.status), "it goes on waiting"


def test_root_follows_no_link(kiosk: Kiosk) -> None:
    kiosk.answer.parent.mkdir(exist_ok=True)
    kiosk.answer.symlink_to(kiosk.etc / "tls/kiosk.key")
    with pytest.raises(OSError, match="symbolic"):
        install(kiosk.etc, kiosk.answer)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_root_survives_any_answer(kiosk: Kiosk, data: bytes) -> None:
    write(kiosk.answer, data, 0o644)
    with pytest.raises(ValueError, match="answer"):
        install(kiosk.etc, kiosk.answer)


# -- the desk's port ---------------------------------------------------------------------------------------------------


def _basic(kiosk: str, token: str) -> str:
    return "Basic " + base64.b64encode(f"{kiosk}:{token}".encode()).decode()


def _body(request: bytes) -> bytes:
    return base64.encodebytes(request)


@pytest.mark.parametrize(
    ("method", "path", "credentials", "status"),
    [
        ("GET", "/", "", 404),
        ("PUT", ENROL_PATH, "", 404),
        ("POST", CA_PATH, "", 404),
        ("POST", ENROL_PATH, "", 401),
        ("POST", ENROL_PATH, "Bearer x", 401),
        ("POST", ENROL_PATH, "Basic ééé", 401),
        ("POST", ENROL_PATH, "Basic Zm9v", 401),
    ],
)
def test_what_is_no_enrolment_gets_nothing(desk: Desk, method: str, path: str, credentials: str, status: int) -> None:
    assert Enrolment(desk.folder).answer(method, path, credentials, b"", NOW).status == status


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(credentials=st.text(max_size=80), body=st.binary(max_size=300))
def test_nobody_gets_a_certificate_by_chance(desk: Desk, credentials: str, body: bytes) -> None:
    answer = Enrolment(desk.folder).answer("POST", ENROL_PATH, credentials, body, NOW)
    assert answer.status in (400, 401, 403)


def test_who_stalls_or_speaks_no_tls_keeps_nobody_from_enrolling(desk: Desk, kiosk: Kiosk) -> None:
    stalling = [socket.create_connection(("127.0.0.1", desk.port)) for _ in range(3)]
    stalling[0].sendall(b"GET / HTTP/1.0\r\n\r\n")
    try:
        assert fetch(kiosk.order, kiosk.request).certificate
    finally:
        for channel in stalling:
            channel.close()


def test_only_modern_tls_is_spoken(desk: Desk) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", desk.port)) as channel, pytest.raises(OSError, match=r"(?i)alert|eof"):
        old.wrap_socket(channel)


def test_the_desk_stops_listening_when_nobody_is_expected(desk: Desk) -> None:
    said: list[str] = []
    listen(desk.folder, 0, said.append, now=lambda: NOW, wait=lambda _: pytest.fail("nobody is expected"))
    assert said == ["nobody is expected any more"]
    desk.book.issue("front", NOW)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            desk.book.cancel("front")

    listen(desk.folder, 0, said.append, now=lambda: NOW, wait=wait)
    assert waits == [5.0] * 3


def test_the_commands_say_who_has_a_token(desk: Desk, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        return CliRunner().invoke(app, ["desk", "enrol", *words, "--certificates", str(desk.folder)]).output

    assert "no tokens" in run("list")
    desk.book.issue("front", NOW)
    assert "front: open" in run("list")
    assert "good no longer" in run("cancel", "front")
    assert "no open token" in run("cancel", "front")
    assert "nobody is expected" in run("serve", "--port", "0")


# -- the set-up file ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (":8738", "", "no host with a port"),
        (":8738", ":0", "no host with a port"),
        ('token = "', 'token = "x', "enrolment.token"),
        ('fingerprint = "', 'fingerprint = "0', "enrolment.fingerprint"),
        ("[enrolment]", '[certificates]\nca = "x"\ncertificate = "y"\nkey = "z"\n[enrolment]', "either [certificates]"),
    ],
)
def test_an_enrolment_that_cannot_work_is_refused_by_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    template = tmp_path / "clinic.toml"
    template.write_text(example(), "utf-8")
    (setup,) = write_setups(template, ONE, tmp_path / "ca", tmp_path / "out", NOW, tokens=True)
    text = setup.read_text("utf-8")
    token = load_setup(setup, NOW).besides.enrolment
    assert token is not None
    setup.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_setup(setup, NOW)
    assert says in str(caught.value)
    assert token.token not in str(caught.value)


def test_certificates_in_place_of_a_token_end_the_waiting(tmp_path: Path, kiosk: Kiosk) -> None:
    template, boot = tmp_path / "clinic.toml", tmp_path / "boot"
    template.write_text(example(), "utf-8")
    (setup,) = write_setups(template, ONE, tmp_path / "own", tmp_path / "out", NOW)
    boot.mkdir()
    setup.rename(boot / FILE_NAME)
    assert provision(boot, kiosk.etc.parents[1], NOW)
    assert enrolling.waiting(kiosk.etc / "enrolling", kiosk.status) == []
    assert not (kiosk.etc / "enrolment").exists()


def test_every_reason_has_words_of_its_own() -> None:
    said = {reason: enrolment._refused(Order("a", "b:1", "c", "d"), reason.value) for reason in Reason}
    assert len({problem.what for problem in said.values()}) == len(Reason)
    assert len({problem.japanese for problem in said.values()}) == len(Reason)


def test_a_kiosk_that_waits_says_so_before_the_first_answer(tmp_path: Path) -> None:
    mark, file = tmp_path / "enrolling", tmp_path / "waiting.json"
    assert enrolling.waiting(mark, file) == []
    mark.touch()
    (first,) = enrolling.waiting(mark, file)
    assert "kaopi desk enrol serve" in first.japanese
    file.write_text("{")
    assert enrolling.waiting(mark, file) == [first]


def test_a_listener_that_dies_ends_the_command_with_its_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(listener: Listener) -> None:
        raise OSError("killed by the test")

    desk.book.issue("front", NOW)
    dead, told = threading.Event(), list[str]()
    monkeypatch.setattr(Listener, "service_actions", dies)
    monkeypatch.setattr("reader.desk.watched.log.exception", lambda *given: dead.set())
    with pytest.raises(ThreadDied, match="killed by the test"):
        listen(desk.folder, 0, told.append, now=lambda: NOW, wait=lambda seconds: dead.wait(15.0))
    assert told == []
