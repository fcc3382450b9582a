"""Checks of the parts: each is opened by the adapter the configuration names, and made to do its work once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from importlib.metadata import EntryPoint

from reader.card.trust import TrustError, TrustStore
from reader.cardfront.port import CardFrontUnreadable
from reader.config.load import ConfigError
from reader.config.places import models_dir
from reader.config.schema import Device
from reader.devices import registry
from reader.devices.ports import DeviceError, Frame
from reader.doctor import picture
from reader.doctor.finding import Finding, Patient, Words, fail, good, skipped, warn
from reader.face.modelstore import ModelStore
from reader.session.vocabulary import CardFrontProblem, Earcon, Lamp

_CAMERA_WAIT_S = 4.0
_SETTLE, _PICTURES = 10, 8


def configuration(patient: Patient) -> Finding:
    """The site file is there and says only what kaopi understands."""
    error: ConfigError | None = patient.config_error
    if error is not None:
        return fail(str(error), Words("示された行を直してください。", "Put the named line right."))
    if patient.site_file is None:
        remedy = Words(
            "見本（/usr/share/kaopi）から/etc/kaopi/site.tomlを作成してください。",
            "Create /etc/kaopi/site.toml from /usr/share/kaopi/site.example.toml.",
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


def anchors(patient: Patient) -> Finding:
    """The authorities by which cards are believed are there and have not all ended."""
    trust, now = patient.config.trust, patient.now()
    remedy = Words(
        "公的個人認証と券面事項のCA証明書を入れ、設定の[trust]に書いてください。",
        "Install the CA certificates of JPKI and of the card face, and name them under [trust].",
    )
    try:
        jpki = [one for path in trust.jpki_ca_files for one in TrustStore.load(patient.path(path), None).jpki]
        faces = [
            key for path in trust.card_face_ca_files for key in TrustStore.load(None, patient.path(path)).cv_issuers
        ]
    except TrustError as error:
        return fail(str(error), remedy)
    detail = f"{len(jpki)} of JPKI, {len(faces)} of the card face"
    if not jpki or not faces:
        return (fail if patient.config.site.production else warn)(f"{detail}: such cards are not believed", remedy)
    if all(one.not_valid_after_utc <= now for one in jpki):
        return fail(f"{detail}: all of JPKI have ended", remedy)
    return good(detail)


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
        lambda: picture.light(take_pictures(patient)[-1]),
        Words(
            "カメラのケーブルを確認し、本体の電源を入れ直してください。",
            "Check the camera's ribbon cable and switch the kiosk off and on.",
        ),
    )


def _judged(patient: Patient, judge: Callable[[list[Frame]], Finding]) -> Finding:
    if patient.config.devices.camera.name == "disabled":
        return skipped("switched off in the configuration")
    try:
        return judge(take_pictures(patient))
    except DeviceError as error:
        return skipped(f"no picture: {error}")


def camera_focus(patient: Patient) -> Finding:
    """The picture is sharp."""
    return _judged(patient, lambda frames: picture.focus(frames[-1]))


def camera_glare(patient: Patient) -> Finding:
    """Nothing shines into the lens."""
    return _judged(patient, lambda frames: picture.glare(frames[-1]))


def camera_haze(patient: Patient) -> Finding:
    """The lens is clean."""
    return _judged(patient, lambda frames: picture.haze(frames[-1]))


def camera_flicker(patient: Patient) -> Finding:
    """The lamps do not beat."""
    return _judged(patient, picture.flicker)


def card_front(patient: Patient) -> Finding:
    """The card-slot camera opens and sees an empty slot as empty."""
    if patient.config.devices.card_front.name == "disabled":
        return skipped("switched off in the configuration: patients go by PIN or staff")
    return _try(
        lambda: _look_at_slot(patient),
        Words("カード挿入口のカメラのケーブルを確認してください。", "Check the cable of the camera in the card slot."),
    )


def _look_at_slot(patient: Patient) -> Finding:
    reader = registry.open_card_front(patient.config)
    try:
        digits = reader.read(2.0)
    except CardFrontUnreadable as unreadable:
        if unreadable.problem is CardFrontProblem.CAMERA_MISSING:
            raise DeviceError("the camera in the card slot gives no picture") from None
        return good(f"looks ({unreadable.problem.value})")
    finally:
        reader.close()
    digits[:] = bytes(len(digits))
    return good("looks; a card lies in the slot")


def take_pictures(patient: Patient) -> list[Frame]:
    """Return a few frames after the exposure has settled. Raises DeviceError."""
    device = registry.open_camera(patient.config)
    device.start()
    try:
        return [device.capture(_CAMERA_WAIT_S) for _ in range(_SETTLE + _PICTURES)][-_PICTURES:]
    finally:
        device.stop()


def display(patient: Patient) -> Finding:
    """The screen opens with the configured panel's size."""
    return _try(
        lambda: _open_display(patient),
        Words(
            "画面のケーブルと電源を確認してください。",
            "Check the screen's cable and power.",
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
