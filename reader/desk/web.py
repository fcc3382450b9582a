"""The reception page and the integrators' endpoint: Starlette over the desk's store. No build step, no other host."""

from __future__ import annotations

import asyncio
import csv
import hmac
import io
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reader.desk.changes import Changes
from reader.desk.figures import day_start
from reader.desk.integration import FORMAT, NOTICE, record_of
from reader.desk.operators import OperatorError, Operators
from reader.desk.service import DeskService
from reader.desk.sessions import LONGEST, Login, Logins, csrf_matches
from reader.desk.store import StoredResult
from reader.desk.view import METHODS, OUTCOMES, REASONS, Pending, page_view, watch_of
from reader.session.vocabulary import Consent, Registration, VisualReason
from reader.uplink.messages import JST
from reader.uplink.topics import NAME
from reader.uplink.wall import utc_now

COOKIE: Final = "kaopi_login"
_FORM_BYTES: Final = 8_192
_HEARTBEAT_S: Final = 15.0
_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # with no-referrer a browser sends our own forms with "Origin: null"
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)

_templates: Final = Environment(
    loader=PackageLoader("reader.desk", "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(slots=True)
class Desk:
    """What the page works on. send: publishes an order, False when the broker is away. wall: aware time."""

    service: DeskService
    operators: Operators
    changes: Changes
    send: Callable[[str, bytes], bool]
    broker_there: Callable[[], bool]
    clinic: str = "受付"
    token: str = ""
    wall: Callable[[], datetime] = utc_now
    logins: Logins = field(default_factory=Logins)
    pending: dict[str, Pending] = field(default_factory=dict)


class _Guard:
    """Security headers on everything; forms bounded and from our own origin only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                headers += _HEADERS
                if not scope["path"].startswith("/static/"):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        if scope["method"] == "POST":
            given = {name: value.decode("latin-1") for name, value in scope["headers"]}
            length = given.get(b"content-length", "")
            origin = given.get(b"origin")
            if not length.isdigit() or int(length) > _FORM_BYTES:
                await PlainTextResponse("送られた内容が大きすぎます", 413)(scope, receive, with_headers)
                return
            if origin is not None and origin.split("://")[-1] != given.get(b"host"):
                await PlainTextResponse("ほかのページからは操作できません", 403)(scope, receive, with_headers)
                return
        await self._app(scope, receive, with_headers)


def _render(template: str, content: Mapping[str, object], status: int = 200) -> HTMLResponse:
    return HTMLResponse(_templates.get_template(template).render(content), status)


def make_app(desk: Desk, *, hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")) -> Starlette:
    """Return the web application. hosts: names it answers to; others are refused (DNS rebinding)."""
    pages = _Pages(desk)
    return Starlette(
        routes=[
            Route("/", pages.page),
            Route("/live", pages.live),
            Route("/events", pages.events),
            Route("/login", pages.login_form, methods=["GET"]),
            Route("/login", pages.login, methods=["POST"]),
            Route("/logout", pages.logout, methods=["POST"]),
            Route("/visual/{action}", pages.visual, methods=["POST"]),
            Route("/seen", pages.seen, methods=["POST"]),
            Route("/alerts/close", pages.close_alert, methods=["POST"]),
            Route("/consents/revoke", pages.revoke_consents, methods=["POST"]),
            Route("/registration/{state}", pages.registration, methods=["POST"]),
            Route("/code", pages.code_form, methods=["GET"]),
            Route("/code", pages.code, methods=["POST"]),
            Route("/export.csv", pages.export),
            Route("/integration/v1/results", pages.integration),
            Route("/integration/v1/stream", pages.stream),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)), Middleware(_Guard)],
        exception_handlers={404: pages.missing, 500: pages.broken},
    )


class _Pages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # -- login ---------------------------------------------------------------------------------------------

    def _login(self, request: Request, *, touch: bool = True) -> Login | None:
        login = self._desk.logins.find(request.cookies.get(COOKIE), self._desk.wall(), touch=touch)
        if login is not None and self._desk.service.store.operator_password(login.operator) is None:
            return None  # disabled meanwhile
        return login

    async def login_form(self, request: Request) -> Response:
        if self._login(request) is not None:
            return RedirectResponse("/", 303)
        return self._login_page()

    def _login_page(self, problem: str = "", name: str = "", status: int = 200) -> Response:
        nobody = not self._desk.service.store.operators()
        return _render(
            "login.html", {"clinic": self._desk.clinic, "problem": problem, "name": name, "nobody": nobody}, status
        )

    async def login(self, request: Request) -> Response:
        form = await request.form()
        name, password = _field(form, "name"), _field(form, "password")
        now = self._desk.wall()
        if self._desk.operators.locked(name, now):
            return self._login_page("まちがいが続いたので、10分ほど待ってからもう一度お試しください。", name, 429)
        if not await asyncio.to_thread(self._desk.operators.check, name, password, now):
            return self._login_page("名前かパスワードが違います。", name, 403)
        self._desk.logins.close(request.cookies.get(COOKIE))
        token = self._desk.logins.open(name, now)
        self._desk.service.store.audit(name, "login", now)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE,
            token,
            max_age=int(LONGEST.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    async def logout(self, request: Request) -> Response:
        async def end(login: Login, _form: FormData) -> Response:
            self._desk.logins.close(request.cookies.get(COOKIE))
            self._desk.service.store.audit(login.operator, "logout", self._desk.wall())
            answer = RedirectResponse("/login", 303)
            answer.delete_cookie(COOKIE)
            return answer

        return await self._operation(request, end)

    async def _operation(self, request: Request, act: Callable[[Login, FormData], Awaitable[Response]]) -> Response:
        """Do something an operator asked for: logged in, and by a form of this login."""
        login = self._login(request)
        if login is None:
            return RedirectResponse("/login", 303)
        form = await request.form()
        if not csrf_matches(login, _field(form, "csrf")):
            return PlainTextResponse("ページが古くなっています。開きなおしてください。", 403)
        return await act(login, form)

    # -- the page ------------------------------------------------------------------------------------------

    def _content(self, login: Login) -> Mapping[str, object]:
        desk = self._desk
        now = desk.wall()
        for kiosk, pending in list(desk.pending.items()):
            state = desk.service.store.kiosk_state(kiosk)
            if now - pending.at > timedelta(seconds=30) or (state is not None and pending.answered_by(state)):
                del desk.pending[kiosk]
        return {
            "clinic": desk.clinic,
            "operator": login.operator,
            "csrf": login.csrf,
            "view": page_view(desk.service.store, now, desk.pending),
            "reasons": [(reason.value, words) for reason, words in REASONS.items()],
            "broker": desk.broker_there(),
            "today": now.astimezone(JST).date().isoformat(),
        }

    async def page(self, request: Request) -> Response:
        login = self._login(request)
        return RedirectResponse("/login", 303) if login is None else _render("page.html", self._content(login))

    async def live(self, request: Request) -> Response:
        login = self._login(request, touch=False)
        if login is None:
            return PlainTextResponse("login", 401)
        return _render("live.html", self._content(login))

    async def events(self, request: Request) -> Response:
        if self._login(request, touch=False) is None:
            return PlainTextResponse("login", 401)

        async def marks() -> AsyncIterator[str]:
            async with self._desk.changes.listening() as changed:
                yield "retry: 1000\nevent: change\ndata: {}\n\n"
                while self._login(request, touch=False) is not None:
                    try:
                        await asyncio.wait_for(changed.wait(), _HEARTBEAT_S)
                    except TimeoutError:
                        yield "event: beat\ndata: {}\n\n"
                        continue
                    changed.clear()
                    yield "event: change\ndata: {}\n\n"
                yield "event: over\ndata: {}\n\n"

        return StreamingResponse(marks(), media_type="text/event-stream")

    # -- operations ----------------------------------------------------------------------------------------

    async def visual(self, request: Request) -> Response:
        async def order(login: Login, form: FormData) -> Response:
            desk, now = self._desk, self._desk.wall()
            kiosk, action = _field(form, "kiosk"), request.path_params["action"]
            if NAME.fullmatch(kiosk) is None or desk.service.store.kiosk_state(kiosk) is None:
                return PlainTextResponse("その機械は知られていません", 400)
            if action == "start":
                if _field(form, "reason") not in list(VisualReason):
                    return PlainTextResponse("理由を選んでください", 400)
                reason = VisualReason(_field(form, "reason"))
                message = desk.service.start_visual_check(kiosk, login.operator, reason, now)
                what = "目視確認を始めます"
            elif action == "stop":
                message = desk.service.stop_visual_check(kiosk, login.operator, now)
                what = "目視確認をやめます"
            elif action in ("same", "other"):
                message = desk.service.decide(kiosk, login.operator, action == "same", now)
                what = "判断を送りました"
            else:
                return PlainTextResponse("その操作はありません", 404)
            sent = desk.send(*message)
            if not sent:
                return PlainTextResponse("機械とつながっていないので、送れませんでした", 503)
            desk.pending[kiosk] = Pending(what, now, action)
            desk.changes.notify()
            return RedirectResponse("/", 303)

        return await self._operation(request, order)

    async def seen(self, request: Request) -> Response:
        return await self._noted(request, "result", self._desk.service.store.mark_seen)

    async def close_alert(self, request: Request) -> Response:
        return await self._noted(request, "alert", self._desk.service.store.close_alert)

    async def revoke_consents(self, request: Request) -> Response:
        return await self._noted(request, "result", self._desk.service.revoke_consents)

    async def registration(self, request: Request) -> Response:
        state = request.path_params["state"]
        if state not in (Registration.REGISTERED, Registration.NOT_REGISTERED):
            return PlainTextResponse("その操作はありません", 404)
        note = partial(self._desk.service.note_registration, state=Registration(state))
        return await self._noted(request, "result", note)

    async def _noted(
        self, request: Request, named: str, note: Callable[[uuid.UUID, str, datetime], object]
    ) -> Response:
        """Note something about one row of the page: ``named`` is its field, ``note`` keeps it. Twice is harmless."""

        async def keep(login: Login, form: FormData) -> Response:
            row = _uuid(form, named)
            if row is None:
                return PlainTextResponse("それはもうありません。ページを開きなおしてください", 400)
            note(row, login.operator, self._desk.wall())
            self._desk.changes.notify()
            return RedirectResponse("/", 303)

        return await self._operation(request, keep)

    async def code_form(self, request: Request) -> Response:
        login = self._login(request)
        if login is None:
            return RedirectResponse("/login", 303)
        return self._code_page(login)

    def _code_page(self, login: Login, problem: str = "", done: bool = False, status: int = 200) -> Response:
        return _render(
            "code.html",
            {
                "clinic": self._desk.clinic,
                "operator": login.operator,
                "csrf": login.csrf,
                "problem": problem,
                "done": done,
            },
            status,
        )

    async def code(self, request: Request) -> Response:
        async def set_code(login: Login, form: FormData) -> Response:
            desk, now = self._desk, self._desk.wall()
            if _field(form, "code") != _field(form, "again"):
                return self._code_page(login, "二つの職員コードが同じではありません", status=400)
            try:
                await asyncio.to_thread(desk.operators.set_code, login.operator, _field(form, "code"), now)
            except OperatorError as error:
                return self._code_page(login, str(error), status=400)
            desk.service.store.audit(login.operator, "setStaffCode", now)
            for row in desk.service.store.kiosks():
                if row.state is not None and row.state.online:
                    desk.send(*desk.service.set_staff_codes(row.kiosk, desk.operators.codes(), now))
            return self._code_page(login, done=True)

        return await self._operation(request, set_code)

    # -- out -----------------------------------------------------------------------------------------------

    async def export(self, request: Request) -> Response:
        login = self._login(request)
        if login is None:
            return RedirectResponse("/login", 303)
        now = self._desk.wall()
        try:
            day = date.fromisoformat(request.query_params.get("day", now.astimezone(JST).date().isoformat()))
        except ValueError:
            return PlainTextResponse("日付は 2026-02-21 のように書いてください", 400)
        start = day_start(datetime(day.year, day.month, day.day, 12, tzinfo=JST))
        rows = self._desk.service.store.results(start, start + timedelta(days=1))
        self._desk.service.store.audit(login.operator, "exportCsv", now, detail=day.isoformat())
        return Response(
            _csv(rows),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="kaopi-{day.isoformat()}.csv"'},
        )

    def _token_matches(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        token = self._desk.token
        return bool(token) and scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())

    async def integration(self, request: Request) -> Response:
        if not self._token_matches(request):
            return JSONResponse({"problem": "the bearer token of this desk is missing or wrong"}, 401)
        after = _sequence(request.query_params.get("after", "0"))
        if after is None:
            return JSONResponse({"problem": "after must be a whole number: the last sequence you have"}, 400)
        rows = self._desk.service.store.results_after(after)
        return JSONResponse({"format": FORMAT, "notice": NOTICE, "results": [record_of(row) for row in rows]})

    async def stream(self, request: Request) -> Response:
        if not self._token_matches(request):
            return JSONResponse({"problem": "the bearer token of this desk is missing or wrong"}, 401)
        after = _sequence(request.headers.get("last-event-id") or request.query_params.get("after", "0"))
        if after is None:
            return JSONResponse({"problem": "Last-Event-ID must be a whole number: the last sequence you have"}, 400)

        async def records(after: int = after) -> AsyncIterator[str]:
            async with self._desk.changes.listening() as changed:
                yield f": {FORMAT}\n\n"
                while True:
                    changed.clear()
                    for row in self._desk.service.store.results_after(after):
                        after = row.seq
                        data = json.dumps(record_of(row), ensure_ascii=False)
                        yield f"id: {row.seq}\nevent: result\ndata: {data}\n\n"
                    try:
                        await asyncio.wait_for(changed.wait(), _HEARTBEAT_S)
                    except TimeoutError:
                        yield ": still here\n\n"

        return StreamingResponse(records(), media_type="text/event-stream")

    async def missing(self, _request: Request, _error: Exception) -> Response:
        return _render("problem.html", {"clinic": self._desk.clinic, "problem": "そのページはありません。"}, 404)

    async def broken(self, _request: Request, _error: Exception) -> Response:
        problem = "受付ソフトの中で問題が起きました。ページを開きなおし、直らなければ再起動してください。"
        return _render("problem.html", {"clinic": self._desk.clinic, "problem": problem}, 500)


def _field(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _uuid(form: FormData, name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(_field(form, name))
    except ValueError:
        return None


def _sequence(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _cell(text: str) -> str:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _csv(rows: list[StoredResult]) -> bytes:
    """Return the day's results, oldest first, as CSV that Excel opens as UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            *("終了時刻", "機械", "結果", "方法"),
            *[consent.value for consent in Consent],
            *("PrescriptionIssueSelect", "証明書", "証明書の期限", "秒数", "失敗番号", "見ること", "目視した職員"),
            "resultId",
        ]
    )
    for row in reversed(rows):
        message = row.message
        consents = message.consents.model_dump() if message.consents else {}
        method = message.verification.method
        cells = [
            message.finished_at.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S"),
            message.kiosk,
            OUTCOMES[message.outcome],
            METHODS[method] if method else "",
            *[consents.get(consent.value) or "" for consent in Consent],
            message.prescription_issue_select or "",
            message.certificate.state if message.certificate else "",
            (message.certificate.not_after or "") if message.certificate else "",
            str(round((message.finished_at - message.started_at).total_seconds())),
            message.failure or "",
            " / ".join(watch.text for watch in watch_of(row)),
            message.verification.operator or "",
            str(message.result_id),
        ]
        writer.writerow([_cell(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")
