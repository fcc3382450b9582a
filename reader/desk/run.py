"""The desk process: store, broker link, reception page and the integrators' folder, until it is told to stop."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import uvicorn

from reader.desk.changes import Changes
from reader.desk.integration import FolderExport, read_or_make_token
from reader.desk.link import DeskLink, paho_desk_link
from reader.desk.operators import Operators
from reader.desk.service import DeskService
from reader.desk.settings import DeskSettings
from reader.desk.store import Store
from reader.desk.watched import Watched
from reader.desk.web import Desk, make_app
from reader.uplink.wall import utc_now

log = logging.getLogger(__name__)

_TIDY_S: Final = 3600.0
_FOLDER_AGAIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Parts:
    """A desk without its page: what ``serve_broker`` and ``run_desk`` have in common."""

    store: Store
    operators: Operators
    service: DeskService
    link: DeskLink
    changes: Changes
    helper: Watched
    died: threading.Event  # set when a thread has; ``check`` then says which

    def check(self) -> None:
        """Raise ThreadDied when a thread has died: half a desk is worse than one that is started again."""
        self.link.check()
        self.helper.check()


@contextmanager
def desk_parts(config: DeskSettings, wall: Callable[[], datetime] = utc_now) -> Iterator[Parts]:
    """Open the store and the link, and close them. Raises sqlite3.Error when the file cannot be opened.

    wall: the aware time the desk goes by; it decides what is today.
    """
    store = Store(config.database)
    operators, changes, woken = Operators(store), Changes(), threading.Event()

    def changed(what: str) -> None:
        changes.notify(what)
        woken.set()

    service = DeskService(
        store,
        site=config.site,
        remember=timedelta(days=config.remember_days) if config.remember_days else None,
        on_change=changed,
        staff_codes=operators.codes,
    )
    link = paho_desk_link(service, config.broker, config.client_id, wall=wall)
    stopping, died = threading.Event(), threading.Event()
    helper = Watched("desk-helper", lambda: _help(config, store, woken, stopping, wall), died.set)
    link.start(died.set)
    helper.start()
    try:
        yield Parts(store, operators, service, link, changes, helper, died)
    finally:
        stopping.set()
        woken.set()
        helper.join(10)
        link.stop()
        store.close()


def _help(
    config: DeskSettings,
    store: Store,
    woken: threading.Event,
    stopping: threading.Event,
    wall: Callable[[], datetime],
) -> None:
    """Write new results into the watched folder, and forget what is too old."""
    folder = FolderExport(store, config.folder) if config.folder is not None else None
    tidied = datetime.min.replace(tzinfo=UTC)
    while not stopping.is_set():
        woken.clear()
        wait = _TIDY_S
        try:
            if folder is not None:
                folder.write_new()
        except OSError as error:
            log.error("desk: cannot write to the watched folder (%s); tried again", error.strerror or error)
            wait = _FOLDER_AGAIN_S
        now = wall()
        if (now - tidied).total_seconds() >= _TIDY_S:
            tidied = now
            store.forget_consents(now - timedelta(days=config.remember_days))
            store.forget_results(now - timedelta(days=config.keep_results_days))
        woken.wait(wait)


def serve_broker(config: DeskSettings, *, stop: threading.Event | None = None) -> None:
    """Receive, store and acknowledge until SIGTERM, SIGINT or ``stop``; no page. Raises ThreadDied."""
    stopping = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopping.set())
    with desk_parts(config) as parts:
        while not stopping.wait(1.0):
            parts.check()


def run_desk(
    config: DeskSettings,
    *,
    stop: threading.Event | None = None,
    on_ready: Callable[[Parts], None] = lambda _: None,
    wall: Callable[[], datetime] = utc_now,
) -> None:
    """Serve everything until SIGTERM or SIGINT, or until ``stop`` is set when run in a thread.

    on_ready: called once the page answers. wall: the aware time the desk goes by. Raises sqlite3.Error when the
    database, OSError when the port cannot be had, ThreadDied when a thread ended by an error.
    """
    with desk_parts(config, wall) as parts:
        desk = Desk(
            service=parts.service,
            operators=parts.operators,
            changes=parts.changes,
            send=parts.link.send,
            broker_there=lambda: parts.link.connected,
            clinic=config.clinic,
            token=read_or_make_token(config.database.with_name("integration.token")),
            wall=wall,
        )
        server = _Server(
            uvicorn.Config(
                make_app(desk, hosts=(*config.hosts, config.host)),
                host=config.host,
                port=config.web_port,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=2,
            ),
            lambda: on_ready(parts),
            parts.died,
        )
        if stop is not None:

            def leave(stop: threading.Event = stop) -> None:
                stop.wait()
                server.should_exit = True

            threading.Thread(target=leave, name="desk-stop", daemon=True).start()
        server.run()
        parts.check()
        if not server.started:
            raise OSError(f"the page could not be served at {config.host}:{config.web_port}; is the port taken?")


class _Server(uvicorn.Server):
    """uvicorn that says when it answers, and ends when a thread of the desk has died."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], died: threading.Event) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._died = died

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        return self._died.is_set() or await super().on_tick(counter)
