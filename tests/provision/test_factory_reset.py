"""From a staff code at the kiosk's screen to a blank partition: the kiosk asks, root does it."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hw_sim.scenario.schema import Do, Expect, Patient, Scenario, SiteRules
from hw_sim.scenario.virtual_world import World
from typer.testing import CliRunner

from reader import durable
from reader.cli import app
from reader.config.factory_reset import NotAsked, Progress, ask, take_request, tell, told, withdraw
from reader.config.refusal import refused
from reader.provision import factory_reset, reset
from reader.provision.factory_reset import KIOSK, UPLINK, carry_out, resume
from reader.screen.scene import Touch
from reader.session.vocabulary import Button, ResetStage, Step
from tests.provision.lived_in import SECRETS, found, live_in, places

CODE = "246810"


class Kiosk:
    """A simulated kiosk whose state lies under a root, and a member of staff before it."""

    def __init__(self, root: Path, request: Path) -> None:
        scenario = Scenario(
            title="reset",
            patient=Patient(person="p03", card="normal"),
            site=SiteRules(staff_code=CODE),
            do=(Do(insert=""),),
            expect=Expect(),
        )
        self.world = World(scenario, root / "var/lib/kaopi")
        self.world.open()
        self.kiosk = self.world.assembled.kiosk
        self.kiosk._parts.reset_request = request
        self.until(lambda: self.kiosk.session.step is Step.IDLE)

    def until(self, happened: Callable[[], bool], seconds: float = 90.0) -> None:
        end = self.world.clock.now() + seconds
        while not happened():
            assert self.world.clock.now() < end, self.kiosk.session
            self.world.tick()

    def rest(self, seconds: float) -> None:
        end = self.world.clock.now() + seconds
        self.until(lambda: self.world.clock.now() >= end, seconds + 1)

    def press(self, *buttons: Button) -> None:
        for button in buttons:
            touches = [target.touch for target in self.kiosk.targets() if target.touch.button is button]
            assert touches, f"{button} is not on screen {self.kiosk.session.step}"
            self.kiosk.press(touches[0], self.world.clock.now())
            self.rest(1.0)

    def stage(self) -> ResetStage | None:
        return None if self.kiosk.session.reset is None else self.kiosk.session.reset.stage

    def staff_open_the_reset(self) -> None:
        self.rest(2.0)  # the desk has sent its codes
        self.press(Button.VISUAL_CHECK)
        for digit in CODE:
            self.kiosk.press(Touch(digit=int(digit)), self.world.clock.now())
        self.press(Button.NEXT)
        assert self.kiosk.session.step is Step.STAFF_CORNER
        self.press(Button.RESET)

    def staff_say_yes_twice(self) -> None:
        assert self.stage() is ResetStage.SURE
        self.press(Button.ERASE, Button.ERASE)
        assert self.stage() is ResetStage.ERASING


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """What lies in memory: the folder of the request, that of the progress."""
    (tmp_path / "run/reset").mkdir(parents=True)
    return tmp_path / "run"


@pytest.fixture
def standing(partition: tuple[Path, Path], tmp_path: Path, run: Path) -> Iterator[tuple[Path, Path, bytes, Kiosk]]:
    """A kiosk that lived in a partition: its image, its root, its secret key, and who stands there."""
    image, root = partition
    key = live_in(root, tmp_path)
    kiosk = Kiosk(root, run / "reset/asked.json")
    yield image, root, key, kiosk
    kiosk.world.close()


def test_from_the_staff_code_to_a_blank_partition(
    standing: tuple[Path, Path, bytes, Kiosk], run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image, root, key, kiosk = standing
    kiosk.staff_open_the_reset()
    kiosk.press(Button.NEXT)
    assert not (run / "reset/asked.json").exists()
    kiosk.staff_say_yes_twice()
    done: list[tuple[object, ...]] = []

    def control(*arguments: str) -> None:
        seen = told(run / "reset.json")
        done.append((*arguments, None if seen is None else (seen.percent, seen.done)))
        if arguments == ("restart", KIOSK) and seen is not None:
            kiosk.world.close()  # the process that served patients ends here; another shows the progress
            assert (root / "etc/kaopi/site.toml").exists(), "it must still learn which screen it has"

    waits: list[float] = []
    seconds = carry_out(
        owner=os.getuid(),
        request=run / "reset/asked.json",
        places=places(root),
        progress=run / "reset.json",
        refusal=run / "refused.json",
        control=control,
        sleep=waits.append,
    )
    subprocess.run(["umount", str(root)], check=True)
    assert found(image, key) == []
    assert seconds < 60.0
    assert waits == [factory_reset.READ_S], "the end is shown for a while"
    assert done == [
        ("stop", UPLINK, None),
        ("restart", KIOSK, (0, False)),
        ("try-restart", "NetworkManager.service", (100, True)),
        ("restart", KIOSK, None),
    ]
    assert "operator op2 has this kiosk erased" in caplog.text
    (problem,) = refused(run / "refused.json")
    assert "not set up" in problem.what
    assert list((run / "reset").iterdir()) == [], "it is not done twice"


def test_results_that_wait_are_counted_on_the_screen(tmp_path: Path, run: Path) -> None:
    state = tmp_path / "var/lib/kaopi"
    state.mkdir(parents=True)
    kiosk = Kiosk(tmp_path, run / "reset/asked.json")
    try:
        outbox = kiosk.world.outbox
        for number in range(3):
            outbox.put(uuid.UUID(int=number + 1), b"a result that the desk never takes")
        kiosk.staff_open_the_reset()
        reset_now = kiosk.kiosk.session.reset
        assert reset_now is not None
        assert reset_now.waiting == 3
        assert Button.NEXT not in {target.touch.button for target in kiosk.kiosk.targets()}
        kiosk.press(Button.LOSE_RESULTS)
        kiosk.staff_say_yes_twice()
        assert json.loads((run / "reset/asked.json").read_text()) == {"operator": "op2"}
        kiosk.until(lambda: kiosk.stage() is ResetStage.NOT_BEGUN)
        assert not (run / "reset/asked.json").exists(), "nobody heard it: it is taken back"
    finally:
        kiosk.world.close()


def test_where_no_system_listens_staff_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "var/lib/kaopi").mkdir(parents=True)
    kiosk = Kiosk(tmp_path, tmp_path / "nobody/asked.json")
    try:
        kiosk.staff_open_the_reset()
        kiosk.press(Button.NEXT, Button.ERASE, Button.ERASE)
        assert kiosk.stage() is ResetStage.NOT_BEGUN
    finally:
        kiosk.world.close()


# -- the request -------------------------------------------------------------------------------------------------


def test_a_request_is_taken_once(run: Path) -> None:
    file = run / "reset/asked.json"
    ask("sato", file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert take_request(os.getuid(), file) == "sato"
    with pytest.raises(NotAsked, match="no request"):
        take_request(os.getuid(), file)


def test_a_request_of_another_user_is_none(run: Path) -> None:
    file = run / "reset/asked.json"
    ask("sato", file)
    with pytest.raises(NotAsked, match="not the kiosk's own"):
        take_request(os.getuid() + 1, file)
    assert not file.exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"operator": 7}', b'{"operator": ""}', b"\xff", b"{" * 5000])
def test_a_request_that_says_nothing_is_none(run: Path, content: bytes) -> None:
    file = run / "reset/asked.json"
    file.write_bytes(content)
    with pytest.raises(NotAsked):
        take_request(os.getuid(), file)
    assert not file.exists()


def _link(file: Path) -> None:
    other = file.with_name("other")
    ask("sato", other)
    file.symlink_to(other)


def _socket(file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(file))


@pytest.mark.parametrize("lay", [_link, os.mkfifo, _socket])
def test_what_is_no_file_is_no_request(run: Path, lay: Callable[[Path], None]) -> None:
    file = run / "reset/asked.json"
    lay(file)
    with pytest.raises(NotAsked):
        take_request(os.getuid(), file)
    assert not os.path.lexists(file)


def test_nothing_is_asked_where_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ask("sato", tmp_path / "none/asked.json")
    withdraw(tmp_path / "none/asked.json")
    assert not (tmp_path / "none").exists()


def test_progress_is_told_to_everybody_and_no_longer_when_it_is_over(run: Path) -> None:
    file = run / "made/reset.json"
    assert told(file) is None
    tell(Progress(42), file)
    assert told(file) == Progress(42)
    assert file.stat().st_mode & 0o777 == 0o644
    file.write_text("{")
    assert told(file) is None
    tell(None, file)
    assert not file.exists()


# -- power and cards that fail -----------------------------------------------------------------------------------


def test_a_reset_that_lost_its_power_goes_on_at_the_next_start(
    partition: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, root = partition
    key = live_in(root, tmp_path)
    erased: list[Path] = []
    really = durable.erase

    class PowerCut(Exception):
        pass

    def until_the_plug_is_pulled(path: Path) -> None:
        if len(erased) == 3:
            raise PowerCut
        erased.append(path)
        really(path)

    monkeypatch.setattr(reset, "erase", until_the_plug_is_pulled)
    with pytest.raises(PowerCut):
        reset.reset(places(root), lambda _: None)
    monkeypatch.undo()
    assert erased[0] == root / "etc/kaopi/site.toml", "no kiosk starts on what is left"
    assert (root / "etc/kaopi" / reset.MARK).exists()
    resume(places(root))
    assert [list(folder.iterdir()) for folder in places(root)] == [[], [], []]
    subprocess.run(["umount", str(root)], check=True)
    assert found(image, key) == []


def test_a_card_that_fails_is_told_on_the_screen(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = run / "reset/asked.json"
    ask("sato", file)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/secret").write_bytes(SECRETS[0])

    def fails(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(reset, "erase", fails)
    calls: list[tuple[str, ...]] = []
    with pytest.raises(OSError, match="Input/output"):
        carry_out(
            owner=os.getuid(),
            request=file,
            places=(tmp_path / "etc",),
            progress=run / "reset.json",
            refusal=run / "refused.json",
            control=lambda *arguments: calls.append(arguments),
            sleep=lambda _: None,
        )
    assert calls[-1] == ("restart", KIOSK)
    assert told(run / "reset.json") is None
    (problem,) = refused(run / "refused.json")
    assert "not everything is gone" in problem.what
    assert (tmp_path / "etc" / reset.MARK).exists(), "it goes on when switched on again"


def test_progress_grows_to_the_whole(tmp_path: Path, partition: tuple[Path, Path]) -> None:
    _, root = partition
    live_in(root, tmp_path)
    shares: list[float] = []
    reset.reset(places(root), lambda _: None, shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 20
    assert shares[-1] > 0.9


def test_root_does_nothing_that_nobody_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(**_: object) -> float:
        raise NotAsked("no request")

    monkeypatch.setattr(factory_reset, "carry_out", nobody)
    result = CliRunner().invoke(app, ["reset", "--asked"])
    assert result.exit_code == 2
    assert "no request; nothing was erased" in result.output
