"""What only a person can see, hear or do: lamps, sounds, colours, the picture, and a touch at nine points."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

from reader.devices import registry
from reader.devices.ports import DeviceError, Display, Lamps, Speaker
from reader.doctor.finding import Check, Finding, How, Patient, Words, fail, good, skipped
from reader.session.vocabulary import Earcon, Lamp

_MARK_MM, _NEAR_MM, _EDGE = 6.0, 12.0, 0.1
_TOUCH_S = 90.0
_COLOURS = ("white", "black", "red", "green", "blue")


class Witness(Protocol):
    """Somebody who stands at the kiosk."""

    def confirms(self, question: Words) -> bool | None:
        """Return the answer, or None when nobody answers."""


class Nobody:
    """No witness: such checks are skipped."""

    def confirms(self, question: Words) -> bool | None:
        """Return None, always."""
        return None


class Technician:
    """Somebody at a terminal who answers y or n, in the language of the report."""

    def __init__(self, language: Literal["ja", "en"], answer: Callable[[str], str]) -> None:
        """answer: shows a question and returns what was typed; raises EOFError when nobody is there."""
        self._language: Literal["ja", "en"] = language
        self._answer = answer

    def confirms(self, question: Words) -> bool | None:
        """Ask until the answer is y, n or empty (nobody looked)."""
        text = question.ja if self._language == "ja" else question.en
        while True:
            try:
                typed = self._answer(f"? {text} [y/n] ").strip().lower()
            except EOFError:
                return None
            if typed in ("y", "n", ""):
                return {"y": True, "n": False, "": None}[typed]


def _ask(witness: Witness, question: Words, remedy: Words) -> Finding:
    answer = witness.confirms(question)
    if answer is None:
        return skipped("nobody was there to see it")
    return good("seen") if answer else fail("not as it should be", remedy)


def checks(witness: Witness) -> tuple[Check, ...]:
    """Return the witnessed checks for one witness."""

    def lamps(patient: Patient) -> Finding:
        return _with_lamps(patient, lambda device: _lamps(device, witness))

    def speaker(patient: Patient) -> Finding:
        return _with_speaker(patient, lambda device: _speaker(device, witness))

    def screen(patient: Patient) -> Finding:
        return _with_display(patient, lambda display: _screen(display, witness))

    def touch(patient: Patient) -> Finding:
        return _with_display(patient, nine_points)

    def lens(patient: Patient) -> Finding:
        return _ask(
            witness,
            Words("カメラのレンズに汚れや保護フィルムはありませんか。", "Is the lens clean, with no protective film?"),
            Words("柔らかい布で拭き、フィルムを剥がしてください。", "Wipe it with a soft cloth and peel the film off."),
        )

    def sun(patient: Patient) -> Finding:
        return _ask(
            witness,
            Words(
                "一日のどの時間も、カメラと患者さんの顔に直射日光が当たりませんか。",
                "Is the camera, and the patient's face, out of direct sun at every hour of the day?",
            ),
            Words("置き場所を変えるか、ブラインドを付けてください。", "Move it, or fit a blind."),
        )

    return (
        Check("lamps_seen", Words("ランプの点灯（目視）", "Lamps seen"), How.WITNESSED, lamps, alone=True),
        Check("speaker_heard", Words("音（聴取）", "Sound heard"), How.WITNESSED, speaker, alone=True),
        Check(
            "screen_seen",
            Words("画面の色（目視）", "Screen colours seen"),
            How.WITNESSED,
            screen,
            quick=False,
            alone=True,
        ),
        Check("touch", Words("タッチ9点", "Touch at nine points"), How.WITNESSED, touch, alone=True),
        Check("lens_clean", Words("レンズの汚れ（目視）", "Lens looked at"), How.WITNESSED, lens, quick=False),
        Check("sunlight", Words("直射日光（目視）", "Sunlight looked for"), How.WITNESSED, sun, quick=False),
    )


def _lamps(device: Lamps, witness: Witness) -> Finding:
    wiring = Words("ランプの配線とピン番号を確認してください。", "Check the lamps' wiring and pin numbers.")
    for lamp, question in (
        (Lamp.LOOK_HERE, Words("カメラの横のランプが点いていますか。", "Is the lamp beside the camera lit?")),
        (Lamp.TAKE_CARD, Words("カード挿入口のランプが点滅していますか。", "Does the lamp at the slot blink?")),
        (Lamp.FAULT, Words("赤いランプが点いていますか。", "Is the red lamp lit?")),
    ):
        device.show(lamp)
        finding = _ask(witness, question, wiring)
        if finding.remedy is not None or finding.detail.startswith("nobody"):
            return finding
    device.show(Lamp.OFF)
    device.fill(1.0)
    return _ask(witness, Words("補助照明が点いていますか。", "Is the fill light on?"), wiring)


def _speaker(device: Speaker, witness: Witness) -> Finding:
    device.sound(Earcon.ATTENTION)
    return _ask(
        witness,
        Words("短い音が2回聞こえましたか。", "Did you hear two short sounds?"),
        Words(
            "スピーカーのケーブル、電源、音量の設定を確認してください。",
            "Check the loudspeaker's cable, power and volume.",
        ),
    )


def _screen(display: Display, witness: Witness) -> Finding:
    for colour in _COLOURS:
        display.surface.fill(colour)
        display.flip()
        finding = _ask(
            witness,
            Words(
                f"画面全体が一色（{colour}）で、むらや点はありませんか。",
                f"Is the whole screen {colour}, without spots?",
            ),
            Words(
                "画面のケーブルを挿し直し、直らなければ交換してください。",
                "Reseat the screen's cable, else replace it.",
            ),
        )
        if finding.remedy is not None or finding.detail.startswith("nobody"):
            return finding
    return good("seen")


def nine_points(
    display: Display, within_s: float = _TOUCH_S, clock: Callable[[], float] = time.monotonic, rest_s: float = 0.02
) -> Finding:
    """Show a mark at nine places in turn and wait for a finger on each, at most 12 mm off."""
    width, height, scale = display.panel.width, display.panel.height, display.panel.px_per_mm
    deadline = clock() + within_s
    worst_mm = 0.0
    for row in (_EDGE, 0.5, 1 - _EDGE):
        for column in (_EDGE, 0.5, 1 - _EDGE):
            x, y = round(column * width), round(row * height)
            half = round(_MARK_MM * scale / 2)
            display.surface.fill("white")
            display.surface.fill("black", (x - half, y - 1, 2 * half, 3))
            display.surface.fill("black", (x - 1, y - half, 3, 2 * half))
            display.flip()
            off_mm = _touched(display, x, y, deadline, clock, rest_s)
            if off_mm is None:
                return fail(
                    f"no touch within {_NEAR_MM:.0f} mm of ({x}, {y})",
                    Words(
                        "画面を拭き、保護フィルムを剥がし、ケーブルを挿し直してください。",
                        "Wipe the screen, peel off any film, and reseat its cable.",
                    ),
                )
            worst_mm = max(worst_mm, off_mm)
    return good(f"nine points, at most {worst_mm:.1f} mm off")


def _touched(
    display: Display, x: int, y: int, deadline: float, clock: Callable[[], float], rest_s: float
) -> float | None:
    while clock() < deadline:
        for pointer in display.poll():
            off_mm = float(((pointer.x - x) ** 2 + (pointer.y - y) ** 2) ** 0.5) / display.panel.px_per_mm
            if not pointer.key and off_mm <= _NEAR_MM:
                return off_mm
        time.sleep(rest_s)
    return None


def _with_lamps(patient: Patient, work: Callable[[Lamps], Finding]) -> Finding:
    try:
        device = registry.open_lamps(patient.config)
    except DeviceError as error:
        return skipped(str(error))
    try:
        return work(device)
    finally:
        device.close()


def _with_speaker(patient: Patient, work: Callable[[Speaker], Finding]) -> Finding:
    try:
        device = registry.open_speaker(patient.config)
    except DeviceError as error:
        return skipped(str(error))
    return work(device)


def _with_display(patient: Patient, work: Callable[[Display], Finding]) -> Finding:
    try:
        display = registry.open_display(patient.config)
    except DeviceError as error:
        return skipped(str(error))
    try:
        return work(display)
    finally:
        display.close()
