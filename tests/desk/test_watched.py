"""A desk of which a thread has died ends with that error, so that it is started again as a whole."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hw_sim.broker.embedded import free_port

from reader.desk import run as desk
from reader.desk.link import DeskLink
from reader.desk.settings import DeskSettings
from reader.desk.watched import ThreadDied, Watched
from reader.uplink.settings import BrokerSettings

SOON_S = 15.0


def dies(*given: object) -> None:
    sys.exit("killed by the test")


DEATHS: dict[str, tuple[object, str]] = {"desk-link": (DeskLink, "pump"), "desk-helper": (desk, "_help")}


@pytest.mark.parametrize("run", [desk.run_desk, desk.serve_broker], ids=["with its page", "without"])
@pytest.mark.parametrize("name", DEATHS)
def test_a_desk_ends_with_the_error_of_whichever_thread_died(
    name: str, run: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*DEATHS[name], dies)
    settings = DeskSettings("clinic", tmp_path / "desk.db", BrokerSettings(port=1), web_port=free_port())
    stop, ended = threading.Event(), list[BaseException]()

    def serve() -> None:
        try:
            run(settings, stop=stop)
        except BaseException as error:
            ended.append(error)

    process = threading.Thread(target=serve)
    process.start()
    process.join(SOON_S)
    alive = process.is_alive()
    stop.set()
    process.join(SOON_S)
    assert not alive, "it would go on as half a desk"
    assert [type(error) for error in ended] == [ThreadDied]
    assert name in str(ended[0])


def test_a_thread_that_ends_in_order_is_no_death() -> None:
    told = threading.Event()
    thread = Watched("orderly", lambda: None, told.set)
    thread.join(1.0)
    thread.start()
    thread.join(5.0)
    thread.check()
    assert not told.is_set()
