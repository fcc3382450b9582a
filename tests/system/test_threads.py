"""Every thread and helper process of the product is known, and a test shows what happens when it dies.

They are found in the code: a new one without an entry here fails.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What begins a thread or a process, by the last part of its name. (asyncio.to_thread hands its error to who awaits it.)
BEGINS = {
    "Thread", "Watched", "Timer", "Popen", "Process", "Pool", "ThreadPoolExecutor", "ProcessPoolExecutor", "loop_start",
    "create_subprocess_exec", "start_new_thread",
}  # fmt: skip
# Tools that a developer starts, which no kiosk and no desk runs.
TOOLS = ("reader/screen/gallery.py", "reader/face/evaluation/", "reader/face/modelbuild/")
SHOWN = {
    # One thread for each worker: its death ends the process, which its unit starts again.
    "reader/kiosk/threads.py Thread": "tests/system/test_supervised.py::"
    "test_whichever_worker_dies_the_kiosk_serves_again_within_fifteen_seconds",
    # The doctor beside the main loop: a check that breaks is told as a fault, the next one is a new thread.
    "reader/kiosk/inspection.py Thread": "tests/kiosk/test_inspection.py::"
    "test_a_check_that_breaks_is_told_as_a_fault_and_ends_nothing",
    # The child that decodes the card's photo: another is started for the next card.
    "reader/card/photo_child.py Popen": "tests/system/test_supervised.py::"
    "test_a_killed_kiosk_is_back_and_a_killed_photo_child_ends_nothing",
    "reader/devices/camera_webcam.py Thread": "tests/devices/test_camera_port.py::"
    "test_a_reading_thread_that_dies_is_told_at_once_and_replaced_at_the_next_start",
    "reader/devices/speaker_pygame.py Thread": "tests/devices/test_speaker_port.py::"
    "test_a_thread_that_dies_is_started_again_by_the_next_sentence",
    # paho's network thread, of the uplink and of the desk.
    "reader/uplink/link_paho.py loop_start": "tests/uplink/test_over_brokers.py::"
    "test_a_network_thread_that_dies_is_noticed_and_replaced",
    # The desk: a thread that dies ends the process.
    "reader/desk/watched.py Thread": "tests/desk/test_watched.py::"
    "test_a_desk_ends_with_the_error_of_whichever_thread_died",
    "reader/desk/link.py Watched": "tests/desk/test_watched.py::"
    "test_a_desk_ends_with_the_error_of_whichever_thread_died",
    "reader/desk/run.py Watched": "tests/desk/test_watched.py::"
    "test_a_desk_ends_with_the_error_of_whichever_thread_died",
    # Listens for kiosks without a certificate: the command ends with its error. (Each kiosk has a short thread.)
    "reader/desk/enrolment.py Watched": "tests/provision/test_enrolment.py::"
    "test_a_listener_that_dies_ends_the_command_with_its_error",
    # Only where a test runs a desk in a thread: carries its wish to end.
    "reader/desk/run.py Thread": "tests/desk/test_watched.py::test_a_desk_ends_with_the_error_of_whichever_thread_died",
}


def begun() -> Iterator[str]:
    """Yield "file what" for every call in the product that begins a thread or a process."""
    for path in sorted((ROOT / "reader").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(TOOLS):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in BEGINS:
                    yield f"{name} {called}"


def test_every_thread_and_helper_process_is_answered_for() -> None:
    assert set(begun()) == set(SHOWN)


@pytest.mark.parametrize("what", SHOWN)
def test_what_shows_it_exists(what: str) -> None:
    file, test = SHOWN[what].split("::")
    assert f"def {test}(" in (ROOT / file).read_text("utf-8")
