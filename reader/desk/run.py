"""The desk process: store, broker link and reception page, until it is told to stop."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta

from reader.desk.link import paho_desk_link
from reader.desk.service import DeskService
from reader.desk.settings import DeskSettings
from reader.desk.store import Store


def serve_broker(config: DeskSettings, *, stop: threading.Event | None = None) -> None:
    """Receive, store and acknowledge until SIGTERM, SIGINT or ``stop``; no page.

    Raises sqlite3.Error when the file cannot be opened.
    """
    stopping = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopping.set())
    store = Store(config.database)
    remember = timedelta(days=config.remember_days) if config.remember_days else None
    link = paho_desk_link(DeskService(store, site=config.site, remember=remember), config.broker, config.client_id)
    link.start()
    try:
        while not stopping.wait(1.0):
            pass
    finally:
        link.stop()
        store.close()
