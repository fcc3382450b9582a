"""Checks of the parts: each is opened by the adapter the configuration names, and made to do its work once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from importlib.metadata import EntryPoint

from reader.config.load import ConfigError
from reader.config.places import models_dir
from reader.config.schema import Device
from reader.devices import registry
from reader.devices.ports import DeviceError, Frame
from reader.doctor.finding import Finding, Patient, Words, fail, good, skipped, warn
from reader.face.modelstore import ModelStore
from reader.session.vocabulary import Earcon, Lamp

_CAMERA_WAIT_S = 4.0


def configuration(patient: Patient) -> Finding:
    """The site file is there and says only what kaopi understands."""
    error: ConfigError | None = patient.config_error
    if error is not None:
        return fail(str(error), Words("示された行を直してください。", "Put the named line right."))
    if patient.site_file is None:
        remedy = Words(
            "/etc/kaopi/site.tomlを作成してください（見本: /usr/share/doc/kaopi/site.example.toml）。",
            "Create /etc/kaopi/site.toml from /usr/share/doc/kaopi/site.example.toml.",
        )
        return (fail if patient.config.site.production else warn)("no site file, defaults in use", remedy)
    return good(str(patient.site_file))


def adapters(patient: Patient) -> Finding:
    """Every adapter the configuration names is installed, with its library."""
    wrong = []
    for kind in registry.KINDS:
        device: Device = getattr(patient.config.devices, kind)
        entry: EntryPoint | None = registry.installed(kind).get(device.name)
        if entry is None:
            wrong.append(f"{kind}.{device.name} is not installed")
            continue
        try:
            entry.load()
        except ImportError as error:
            wrong.append(f"{kind}.{device.name} needs {error.name or error}")
    if not wrong:
        return good(", ".join(f"{kind}={getattr(patient.config.devices, kind).name}" for kind in registry.KINDS))
    return fail(
        "; ".join(wrong),
        Words(
            "不足しているパッケージを入れてください（picamera2はpython3-picamera2、pyscardはpython3-pyscard）。",
            "Install what is missing (picamera2: python3-picamera2, pyscard: python3-pyscard).",
        ),
    )


def models(patient: Patient) -> Finding:
    """Every face model is present and is the file it should be, by SHA-256."""
    store = ModelStore(models_dir(patient.config))
    problems = store.check()
    if problems:
        return fail("; ".join(problems), Words("kaopiを入れ直してください。", "Install kaopi again (make models)."))
    return good(f"{len(store.manifest.models)} models in {store.folder}")


def card_reader(patient: Patient) -> Finding:
    """At least one card reader answers."""
    return _try(
        lambda: _poll_reader(patient),
        Words(
            "カードリーダーのUSBケーブルを挿し直してください。直らなければ本体を再起動してください。",
            "Plug the card reader's USB cable in again; if that does not help, restart the kiosk.",
        ),
    )


def _poll_reader(patient: Patient) -> Finding:
    reader = registry.open_card_reader(patient.config)
    try:
        change = reader.poll(0.5)
    finally:
        reader.close()
    return good("answers" if change is None else f"answers: {change.reader}")


def camera(patient: Patient) -> Finding:
    """The camera gives a picture that is neither black nor white."""
    if patient.config.devices.camera.name == "disabled":
        return skipped("switched off in the configuration")
    return _try(
        lambda: judge_light(take_picture(patient)),
        Words(
            "カメラのケーブルを確認し、本体の電源を入れ直してください。",
            "Check the camera's ribbon cable and switch the kiosk off and on.",
        ),
    )


def take_picture(patient: Patient) -> Frame:
    """Return one frame after the exposure has settled. Raises DeviceError."""
    device = registry.open_camera(patient.config)
    device.start()
    try:
        frame = device.capture(_CAMERA_WAIT_S)
        for _ in range(10):
            frame = device.capture(_CAMERA_WAIT_S)
        return frame
    finally:
        device.stop()


_BLACK, _WHITE = 12.0, 245.0


def judge_light(frame: Frame) -> Finding:
    """Say whether a frame is usable at all; focus and light on a face are the witness's business."""
    height, width, _ = frame.pixels.shape
    mean = float(frame.pixels.mean())
    detail = f"{width}x{height}, mean level {mean:.0f} of 255"
    if mean < _BLACK:
        return fail(
            detail, Words("レンズの覆いを外し、照明を点けてください。", "Uncover the lens and switch on a light.")
        )
    if mean > _WHITE:
        return fail(
            detail,
            Words(
                "カメラに直射日光や照明が当たらない向きに変えてください。", "Turn the camera away from sun and lamps."
            ),
        )
    return good(detail)


def display(patient: Patient) -> Finding:
    """The screen opens with the configured panel's size."""
    return _try(
        lambda: _open_display(patient),
        Words(
            "画面のケーブルを確認してください。kaopiが動いている間は使用中です（systemctl stop kaopi-kiosk）。",
            "Check the screen's cable; while kaopi runs it owns the screen (systemctl stop kaopi-kiosk).",
        ),
    )


def _open_display(patient: Patient) -> Finding:
    screen = registry.open_display(patient.config)
    try:
        size = screen.surface.get_size()
        screen.flip()
    finally:
        screen.close()
    return good(f"{size[0]}x{size[1]}, {screen.panel.name}")


def lamps(patient: Patient) -> Finding:
    """Lamps and fill light can be switched."""
    if patient.config.devices.lamps.name == "disabled":
        return skipped("switched off in the configuration")
    return _try(
        lambda: _light(patient),
        Words("ランプの配線とピン番号を確認してください。", "Check the lamps' wiring and pin numbers."),
    )


def _light(patient: Patient) -> Finding:
    device = registry.open_lamps(patient.config)
    try:
        for lamp in Lamp:
            device.show(lamp)
        device.fill(0.2)
    finally:
        device.close()
    return good("switched through every state")


def speaker(patient: Patient) -> Finding:
    """The sound card takes an earcon."""
    if patient.config.devices.speaker.name == "disabled":
        return skipped("switched off in the configuration")
    return _try(
        lambda: _beep(patient),
        Words("スピーカーのケーブルと電源を確認してください。", "Check the loudspeaker's cable and power."),
    )


def _beep(patient: Patient) -> Finding:
    device = registry.open_speaker(patient.config)
    device.sound(Earcon.ACCEPT)
    device.stop()
    with contextlib.suppress(AttributeError):
        device.close()  # type: ignore[attr-defined]
    return good("opened")


def _try(work: Callable[[], Finding], remedy: Words) -> Finding:
    try:
        return work()
    except DeviceError as error:
        return fail(str(error), remedy)
