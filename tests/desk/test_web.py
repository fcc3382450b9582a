"""The page from outside: who gets in, what a form may do, what other hosts and other pages may not."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hw_sim.clinic.morning import fill, raise_alert, ready, say
from hw_sim.clinic.results import SITE, face_record, message_of, pin_record, visual_record

from reader.desk.changes import Changes
from reader.desk.operators import Operators
from reader.desk.passwords import hash_secret
from reader.desk.service import DeskService
from reader.desk.sessions import IDLE, LONGEST
from reader.desk.store import Store
from reader.desk.web import COOKIE, Desk, make_app
from reader.session.failures import Failure
from reader.session.vocabulary import Registration
from reader.uplink.messages import Command, VisualCheckState, decode
from reader.uplink.topics import Channel, Topic

NAME, PASSWORD = "受付 一郎", "long enough for anyone"
PASSWORD_HASH = hash_secret(PASSWORD)
HOST = "127.0.0.1:8737"
KEY = "ab" * 32


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Client:
    """Calls the ASGI application directly; keeps cookies as a browser would."""

    desk: Desk
    sent: list[tuple[str, bytes]]
    clock: list[datetime]
    broker: list[bool]
    cookies: dict[str, str] = field(default_factory=dict)

    def call(
        self, method: str, path: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return asyncio.run(self._call(method, path, form, headers or {}))

    async def _call(
        self, method: str, path: str, form: dict[str, str] | None, headers: dict[str, str], stop_after: str = ""
    ) -> Answer:
        body = urlencode(form or {}).encode()
        given = {"host": HOST, "cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if method == "POST":
            given |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
        given |= headers
        where, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": where,
            "raw_path": where.encode(), "query_string": query.encode(), "scheme": "http", "root_path": "",
            "headers": [(k.encode(), v.encode("latin-1", "replace")) for k, v in given.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8737),
        }  # fmt: skip
        chunks: list[bytes] = []
        start: dict[str, Any] = {}
        gone = asyncio.Event()
        incoming = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if incoming:
                return incoming.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))
                if stop_after and stop_after in b"".join(chunks).decode():
                    gone.set()

        await asyncio.wait_for(make_app(self.desk)(scope, receive, send), 10)
        answered = {k.decode().lower(): v.decode() for k, v in start["headers"]}
        cookie = answered.get("set-cookie", "")
        if cookie:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return Answer(start["status"], answered, b"".join(chunks).decode("utf-8-sig"))

    def login(self) -> None:
        assert self.call("POST", "/login", {"name": NAME, "password": PASSWORD}).status == 303

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.call("GET", "/").body)
        assert found
        return found[1]

    def act(self, path: str, **form: str) -> Answer:
        return self.call("POST", path, {"csrf": self.csrf(), **form})


@pytest.fixture
def client(store: Store) -> Client:
    sent: list[tuple[str, bytes]] = []
    clock = [datetime(2026, 2, 21, 3, 0, tzinfo=UTC)]
    broker = [True]
    operators = Operators(store)
    store.set_operator(NAME, PASSWORD_HASH, clock[0])

    def send(topic: str, payload: bytes) -> bool:
        sent.append((topic, payload))
        return broker[0]

    desk = Desk(
        service=DeskService(store, site=SITE),
        operators=operators,
        changes=Changes(),
        send=send,
        broker_there=lambda: broker[0],
        clinic="みほん内科",
        token="t" * 40,
        wall=lambda: clock[0],
    )
    return Client(desk, sent, clock, broker)


PRIVATE = ("/", "/live", "/events", "/code", "/export.csv")
FORMS = (
    *("/visual/start", "/visual/stop", "/visual/same", "/visual/other", "/seen", "/alerts/close", "/code", "/logout"),
    *("/consents/revoke", "/registration/registered", "/registration/notRegistered"),
)


@pytest.mark.parametrize("path", PRIVATE)
def test_nothing_is_shown_without_a_login(client: Client, path: str) -> None:
    fill(client.desk.service, client.clock[0])
    answer = client.call("GET", path)
    assert answer.status in (303, 401)
    assert "kiosk" not in answer.body


@pytest.mark.parametrize("path", FORMS)
def test_nothing_is_done_without_a_login_or_without_the_forms_own_token(client: Client, path: str) -> None:
    say(client.desk.service, ready("kiosk-1", client.clock[0]), client.clock[0])
    form = {"kiosk": "kiosk-1", "reason": "unwell", "csrf": "x"}
    assert client.call("POST", path, form).status == 303
    client.login()
    assert client.call("POST", path, form).status == 403
    assert client.call("POST", path, {k: v for k, v in form.items() if k != "csrf"}).status == 403
    assert client.sent == []


@pytest.mark.parametrize("path", ["/login", *FORMS])
def test_another_pages_form_is_refused(client: Client, path: str) -> None:
    client.login()
    form = {"csrf": client.csrf(), "name": NAME, "password": PASSWORD}
    for origin in ("http://evil.example", "null"):
        assert client.call("POST", path, form, {"origin": origin}).status == 403
    assert client.sent == []


@pytest.mark.parametrize("path", ["/", "/login", "/live", "/integration/v1/results"])
def test_another_hosts_name_is_refused(client: Client, path: str) -> None:
    assert client.call("GET", path, headers={"host": "evil.example"}).status == 400


def test_a_token_of_another_login_does_not_do(client: Client) -> None:
    client.login()
    first = client.csrf()
    client.call("POST", "/logout", {"csrf": first})
    client.login()
    assert client.csrf() != first
    assert client.call("POST", "/seen", {"csrf": first, "result": "x"}).status == 403


def test_the_cookie_is_safe_and_new_at_each_login(client: Client) -> None:
    answer = client.call("POST", "/login", {"name": NAME, "password": PASSWORD})
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=strict" in flags
    before = client.cookies[COOKIE]
    client.call("POST", "/login", {"name": NAME, "password": PASSWORD})
    assert client.cookies[COOKIE] != before
    client.cookies[COOKIE] = before  # the earlier login of this browser is over
    assert client.call("GET", "/").status == 303


def test_a_login_somebody_planted_is_not_taken_over(client: Client) -> None:
    client.cookies[COOKIE] = "planted"
    client.login()
    assert client.cookies[COOKIE] != "planted"


def test_logging_out_ends_it_at_once(client: Client) -> None:
    client.login()
    token = client.cookies[COOKIE]
    assert client.act("/logout").status == 303
    client.cookies[COOKIE] = token
    assert client.call("GET", "/").status == 303


def test_a_login_ends_by_itself_and_looking_on_does_not_keep_it(client: Client) -> None:
    client.login()
    client.clock[0] += IDLE - timedelta(seconds=1)
    assert client.call("GET", "/live").status == 200
    client.clock[0] += timedelta(seconds=2)
    assert client.call("GET", "/live").status == 401
    client.login()
    for _ in range(int(LONGEST / IDLE) + 1):
        client.clock[0] += IDLE - timedelta(seconds=1)
        client.call("GET", "/")
    assert client.call("GET", "/").status == 303


def test_an_operator_who_is_disabled_is_out_at_once(client: Client, store: Store) -> None:
    client.login()
    assert store.disable_operator(NAME, client.clock[0])
    assert client.call("GET", "/").status == 303
    assert client.call("POST", "/login", {"name": NAME, "password": PASSWORD}).status == 403


def test_guessing_a_password_is_stopped_and_says_nothing_about_names(client: Client) -> None:
    wrong = [client.call("POST", "/login", {"name": NAME, "password": "guess"}) for _ in range(5)]
    nobody = client.call("POST", "/login", {"name": "nobody", "password": "guess"})
    assert {answer.status for answer in wrong} == {403}
    assert wrong[0].body.replace(NAME, "") == nobody.body.replace("nobody", "")
    assert client.call("POST", "/login", {"name": NAME, "password": PASSWORD}).status == 429
    client.clock[0] += timedelta(minutes=11)
    client.login()


def test_a_large_form_is_refused_before_it_is_read(client: Client) -> None:
    assert client.call("POST", "/login", {"name": "x" * 9000, "password": "y"}).status == 413


@pytest.mark.parametrize("path", ["/", "/login", "/static/desk.js", "/nothing", "/integration/v1/results"])
def test_every_answer_carries_the_safety_headers(client: Client, path: str) -> None:
    headers = client.call("GET", path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_no_page_asks_another_host_for_anything(client: Client) -> None:
    client.login()
    fill(client.desk.service, client.clock[0])
    pages = [client.call("GET", path).body for path in ("/", "/code", "/static/desk.js", "/static/desk.css")]
    assert not [url for page in pages for url in re.findall(r"https?://[^\s\"']+", page) if "w3.org" not in url]
    assert " style=" not in pages[0]
    assert "onclick" not in pages[0]


def test_the_page_shows_the_morning(client: Client) -> None:
    client.login()
    fill(client.desk.service, client.clock[0])
    page = client.call("GET", "/").body
    for words in (
        "今日の患者さん",
        "24人",
        "確認できました",
        "同意",
        "カードが機械に残っています",
        "患者さんに渡す",
        "kiosk-2",
    ):
        assert words in page
    assert "<svg" in page


def test_what_to_watch_is_said(client: Client) -> None:
    client.login()
    now = client.clock[0]
    for record in (pin_record(), visual_record()):
        message = message_of(record, now)
        client.desk.service.handle(str(Topic(SITE, "kiosk-1", Channel.RESULT)), message.encode(), now)
    page = client.call("GET", "/").body
    for words in ("電子証明書の期限が近づいています", "2026-04-30", "猶予中", "目視確認：uketsuke-1"):
        assert words in page


def test_what_a_kiosk_sends_cannot_become_markup(client: Client) -> None:
    client.login()
    now = client.clock[0]
    state = ready("kiosk-1", now).model_copy(
        update={"visual_check": VisualCheckState(stage="armed", operator="<img src=x>", seconds_left=60)}
    )
    say(client.desk.service, state, now)
    page = client.call("GET", "/").body
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page


def test_one_tap_arms_the_visual_check_with_operator_and_reason(client: Client) -> None:
    client.login()
    now = client.clock[0]
    say(client.desk.service, ready("kiosk-1", now), now)
    assert client.act("/visual/start", kiosk="kiosk-1", reason="unwell").status == 303
    ((where, payload),) = client.sent
    command = decode(Command, payload)
    assert where == f"kaopi/v1/{SITE}/kiosk-1/cmd"
    assert (command.action, command.operator, command.reason) == ("startVisualCheck", NAME, "unwell")
    assert "機械の返事を待っています" in client.call("GET", "/live").body
    client.clock[0] += timedelta(seconds=7)
    assert "機械から返事がありません" in client.call("GET", "/live").body
    armed = VisualCheckState(stage="armed", operator=NAME, seconds_left=170)
    say(client.desk.service, ready("kiosk-1", now).model_copy(update={"visual_check": armed}), client.clock[0])
    page = client.call("GET", "/live").body
    assert "つぎの一人だけ" in page
    assert "返事" not in page


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"kiosk": "kiosk-1", "reason": "because"}, 400),
        ({"kiosk": "kiosk-9", "reason": "unwell"}, 400),
        ({"kiosk": "../kiosk-1", "reason": "unwell"}, 400),
        ({}, 400),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(client: Client, form: dict[str, str], status: int) -> None:
    client.login()
    say(client.desk.service, ready("kiosk-1", client.clock[0]), client.clock[0])
    assert client.act("/visual/start", **form).status == status
    assert client.sent == []


def test_an_order_that_cannot_be_sent_is_told(client: Client) -> None:
    client.login()
    say(client.desk.service, ready("kiosk-1", client.clock[0]), client.clock[0])
    client.broker[0] = False
    answer = client.act("/visual/start", kiosk="kiosk-1", reason="unwell")
    assert answer.status == 503
    assert "つながっていない" in answer.body
    assert "つながっていません" in client.call("GET", "/live").body


def test_an_alert_goes_when_somebody_has_seen_to_it(client: Client, store: Store) -> None:
    client.login()
    raise_alert(client.desk.service, "kiosk-1", Failure.PIN_LOCKED, client.clock[0])
    (alert,) = store.open_alerts()
    assert client.act("/alerts/close", alert=str(alert.alert_id)).status == 303
    assert store.open_alerts() == []
    assert client.act("/alerts/close", alert="x").status == 400


def test_a_patient_is_marked_once_with_the_operators_name(client: Client, store: Store) -> None:
    client.login()
    fill(client.desk.service, client.clock[0], patients=1)
    (row,) = store.results_after(0)
    client.act("/seen", result=str(row.message.result_id))
    assert store.results_after(0)[0].seen_by == NAME
    assert f"済 {NAME}" in client.call("GET", "/live").body


def patient(client: Client) -> str:
    """Let a patient come whom the kiosk names by a key; return the id of the result."""
    message = message_of(face_record(), client.clock[0], patient_key=KEY)
    client.desk.service.handle(str(Topic(SITE, message.kiosk, Channel.RESULT)), message.encode(), client.clock[0])
    return str(message.result_id)


def test_remembered_answers_are_forgotten_when_the_patient_asks_for_it(client: Client, store: Store) -> None:
    client.login()
    result = patient(client)
    assert "同意の記憶を消す" in client.call("GET", "/").body
    assert KEY not in client.call("GET", "/").body, "the page names nobody, not even by the key"
    assert client.act("/consents/revoke", result=result).status == 303
    assert store.last_consents(KEY, client.clock[0] - timedelta(days=1)) is None
    page = client.call("GET", "/").body
    assert "同意をはじめからうかがいます" in page
    assert "同意の記憶を消す" not in page
    assert client.act("/consents/revoke", result=result).status == 303, "twice does no harm"
    revoked = [row for row in store.audit_rows() if row.action == "revokeConsents"]
    assert [(row.operator, row.detail) for row in revoked] == [(NAME, result)]


def test_staff_note_who_still_has_to_register(client: Client, store: Store) -> None:
    client.login()
    result = patient(client)
    assert client.act("/registration/notRegistered", result=result).status == 303
    assert store.registration(KEY) is Registration.NOT_REGISTERED
    assert "利用登録が済んだ" in client.call("GET", "/").body
    assert client.act("/registration/registered", result=result).status == 303
    assert store.registration(KEY) is Registration.REGISTERED
    assert "利用登録がまだ" in client.call("GET", "/").body
    notes = [row.detail for row in store.audit_rows() if row.action == "noteRegistration"]
    assert notes == [f"registered {result}", f"notRegistered {result}"]
    assert client.act("/registration/perhaps", result=result).status == 404


def test_a_patient_nobody_can_recognise_has_nothing_to_be_kept(client: Client, store: Store) -> None:
    client.login()
    message = message_of(face_record(), client.clock[0])
    client.desk.service.handle(str(Topic(SITE, message.kiosk, Channel.RESULT)), message.encode(), client.clock[0])
    assert "次回のこと" not in client.call("GET", "/").body
    for path in ("/consents/revoke", "/registration/notRegistered"):
        assert client.act(path, result=str(message.result_id)).status == 303
        assert client.act(path, result="not an id").status == 400
    assert not [row for row in store.audit_rows() if row.action in ("revokeConsents", "noteRegistration")]


def test_a_staff_code_is_hashed_and_sent_to_the_kiosks_that_are_there(client: Client, store: Store) -> None:
    client.login()
    say(client.desk.service, ready("kiosk-1", client.clock[0]), client.clock[0])
    assert client.act("/code", code="280519", again="280519").status == 200
    ((_, payload),) = client.sent
    command = decode(Command, payload)
    assert command.staff_codes is not None
    assert [code.operator for code in command.staff_codes] == [NAME]
    assert b"280519" not in payload
    assert "280519" not in store.staff_codes()[0][1]


@pytest.mark.parametrize("code", ["12345", "1234567", "abcdef", "111111", "123456", ""])
def test_a_poor_staff_code_is_refused(client: Client, store: Store, code: str) -> None:
    client.login()
    assert client.act("/code", code=code, again=code).status == 400
    assert store.staff_codes() == []


def test_two_different_staff_codes_are_refused(client: Client, store: Store) -> None:
    client.login()
    assert client.act("/code", code="280519", again="280518").status == 400
    assert store.staff_codes() == []


def test_the_csv_has_official_names_one_row_a_patient_and_no_formula(client: Client) -> None:
    client.login()
    now = client.clock[0]
    fill(client.desk.service, now, patients=5)
    evil = visual_record()
    evil = replace(evil, evidence=replace(evil.evidence, operator="=HYPERLINK(1)"))
    message = message_of(evil, now)
    client.desk.service.handle(str(Topic(SITE, "kiosk-1", Channel.RESULT)), message.encode(), now)
    answer = client.call("GET", "/export.csv")
    rows = list(csv.reader(io.StringIO(answer.body)))
    assert len(rows) == 7
    assert "PharmacistsInfoConsFlg" in rows[0]
    assert "'=HYPERLINK(1)" in rows[-1]
    assert not [cell for row in rows for cell in row if cell[:1] in "=+@-" and cell]
    assert client.call("GET", "/export.csv?day=2026-02-20").body.count("\n") == 1
    assert client.call("GET", "/export.csv?day=soon").status == 400


# -- integrators -----------------------------------------------------------------------------------------------


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_integrators_need_their_token_and_no_login(client: Client) -> None:
    assert client.call("GET", "/integration/v1/results").status == 401
    assert client.call("GET", "/integration/v1/results", headers=bearer("x" * 40)).status == 401
    assert client.call("GET", "/integration/v1/stream", headers=bearer("x" * 40)).status == 401
    client.login()
    assert client.call("GET", "/integration/v1/results").status == 401
    client.desk.token = ""
    assert client.call("GET", "/integration/v1/results", headers=bearer("")).status == 401


def test_integrators_get_results_in_order_and_resume(client: Client) -> None:
    fill(client.desk.service, client.clock[0], patients=3)
    answer = json.loads(client.call("GET", "/integration/v1/results?after=1", headers=bearer("t" * 40)).body)
    assert [record["sequence"] for record in answer["results"]] == [2, 3]
    assert "オンライン資格確認の結果ではありません" in answer["notice"]
    assert {record["officialQualificationResult"] for record in answer["results"]} == {False}
    assert client.call("GET", "/integration/v1/results?after=-1", headers=bearer("t" * 40)).status == 400


def test_the_stream_resumes_where_it_broke_off(client: Client) -> None:
    fill(client.desk.service, client.clock[0], patients=3)
    headers = {**bearer("t" * 40), "last-event-id": "2"}
    answer = asyncio.run(client._call("GET", "/integration/v1/stream", None, headers, stop_after="id: 3"))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [line for line in answer.body.splitlines() if line.startswith("id:")] == ["id: 3"]


def test_an_open_page_is_told_of_a_change_made_in_another_thread(client: Client) -> None:
    client.login()

    async def listen() -> Answer:
        async def change() -> None:
            while not len(client.desk.changes):
                await asyncio.sleep(0.01)
            await asyncio.to_thread(client.desk.changes.notify, "results")

        changing = asyncio.create_task(change())
        answer = await client._call("GET", "/events", None, {}, stop_after="change\ndata: {}\n\nevent: change")
        await changing
        return answer

    assert asyncio.run(listen()).body.count("event: change") == 2
    assert len(client.desk.changes) == 0


def test_a_problem_inside_shows_words_and_no_trace(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.login()

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(client.desk.service.store, "open_alerts", broken)
    with pytest.raises(RuntimeError):  # the server logs it; the browser has its answer before
        client.call("GET", "/")
    assert client.call("GET", "/nothing").status == 404
