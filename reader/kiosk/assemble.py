"""Puts a kiosk together from its configuration: opens devices by name, gives each worker what it owns."""

from __future__ import annotations

import datetime
import logging
import random
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from reader.card.connection import CardConnection
from reader.card.photo import PhotoDecoder
from reader.card.photo_child import ChildProcessDecoder
from reader.card.profile import MY_NUMBER_CARD
from reader.card.trust import TrustStore
from reader.card.visit import CardVisit
from reader.cardfront.port import CardFrontReader
from reader.config import factory_reset
from reader.config.places import models_dir
from reader.config.schema import KaopiConfig
from reader.devices import registry
from reader.devices.disabled import DisabledLamps, DisabledSpeaker
from reader.devices.ports import Camera, CardReader, DeviceError, Display, Frame, Lamps, LightRequest, Panel, Speaker
from reader.face.engine import FaceEngine, Observation
from reader.face.manifest import ManifestError
from reader.face.modelstore import ModelRefused, ModelStore
from reader.face.settings import FaceSettings
from reader.kiosk import health
from reader.kiosk.camera_worker import CameraWorker
from reader.kiosk.card_worker import POLL_S, CardWorker, NumberB
from reader.kiosk.clock import Clock
from reader.kiosk.desk_link import DeskLink
from reader.kiosk.face_worker import Compare, Engine, FaceWorker
from reader.kiosk.front_worker import FrontWorker
from reader.kiosk.heat import Heat
from reader.kiosk.inspection import Inspect, none
from reader.kiosk.kiosk import Identity, Kiosk, Parts, Workers
from reader.kiosk.patient_keys import PatientKeys
from reader.kiosk.staff import StaffCodes
from reader.kiosk.store_worker import StoreWorker
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Mailbox, Report, Worker
from reader.screen.painter import Painter
from reader.session import events as ev
from reader.session.vocabulary import Ref
from reader.text import Catalogue
from reader.uplink.bridge import KioskBridge, kiosk_bridge
from reader.uplink.outbox import Outbox
from reader.vault import Vault

log = logging.getLogger(__name__)

JST = datetime.timezone(datetime.timedelta(hours=9), "JST")


@dataclass(slots=True)
class Choices:
    """What a caller other than the product may replace: time, the bridge, how photos are decoded, where facts go."""

    clock: Clock
    bridge: KioskBridge | None = None
    decoder: PhotoDecoder | None = None
    display: Display | None = None
    camera: Camera | None = None
    card_reader: CardReader | None = None
    card_front: CardFrontReader | None = None
    lamps: Lamps | None = None
    figures: Callable[[], health.Figures] | None = None
    trust: TrustStore | None = None
    models: ModelStore | None = None
    engine: Callable[[Vault], Engine] | None = None
    painter: Callable[[Panel, Catalogue], Painter] = Painter
    random: Callable[[int], bytes] = secrets.token_bytes
    report: Callable[[str, Report], Report] | None = None
    hand_over: Callable[[Callable[[], None]], None] = lambda act: act()  # one worker leaves another an order
    outbox: Callable[[Path], Outbox] = Outbox
    card_poll_s: float = POLL_S
    on_event: Callable[[ev.Event], None] | None = None
    inspect: Inspect = none
    reset_request: Path = factory_reset.REQUEST_FILE
    motion: bool = False  # the configuration may still forbid it; a test shows nothing that moves by itself


@dataclass(slots=True)
class Assembled:
    """A kiosk with its workers, ready to be driven by threads or a virtual clock."""

    kiosk: Kiosk
    workers: list[Worker[object]]
    trace: Trace
    vault: Vault
    display: Display
    decoder: PhotoDecoder

    def close(self) -> None:
        """Let go of everything (workers close themselves in their own threads)."""
        self.kiosk.close()
        self.decoder.close()
        self.display.close()


def trust_store(config: KaopiConfig) -> TrustStore:
    """Load every configured anchor. Raises TrustError naming the file."""
    jpki: list[TrustStore] = [TrustStore.load(path, None) for path in config.trust.jpki_ca_files]
    face: list[TrustStore] = [TrustStore.load(None, path) for path in config.trust.card_face_ca_files]
    certificates = tuple(anchor for store in jpki for anchor in store.jpki)
    issuers = {name: key for store in face for name, key in store.cv_issuers.items()}
    return TrustStore(certificates, issuers)


def assemble(config: KaopiConfig, choices: Choices) -> Assembled:
    """Build the kiosk. Raises DeviceError, OutboxError, TrustError: whatever is wrong is said before anyone waits."""
    clock = choices.clock
    facts: deque[ev.Event] = deque()
    vault = Vault()
    trace = Trace()
    preview: Mailbox[Frame] = Mailbox()
    frames: Mailbox[Frame] = Mailbox()
    seen: Mailbox[Observation] = Mailbox()
    fill: Mailbox[float] = Mailbox()
    decoder = choices.decoder or ChildProcessDecoder()
    trust = choices.trust or trust_store(config)
    display = choices.display or registry.open_display(config)
    staff = StaffCodes(config.staff.hashes_file)
    figures = choices.figures or partial(health.read, health.Sources(disk=config.storage.state_dir))

    def report(name: str) -> Report:
        return choices.report(name, facts.append) if choices.report is not None else facts.append

    desk = DeskLink(
        choices.bridge or kiosk_bridge(config.storage.socket_dir),
        staff,
        clock,
        facts.append,
        site=config.site.site_id,
        kiosk=config.site.kiosk_id,
        clock_synced=lambda: bool(figures().clock_synced),
    )
    models = choices.models or ModelStore(models_dir(config))
    camera = CameraWorker(report("camera"), choices.camera or registry.open_camera(config), (preview, frames), trace)
    engine = choices.engine(vault) if choices.engine is not None else _engine(config, models, vault)
    face = None

    def set_light(request: LightRequest) -> None:
        camera.post(request)
        fill.put(request.fill)

    if engine is not None:
        # Nobody may foresee the light.
        own_light = random.SystemRandom() if config.face.own_light else None
        face = FaceWorker(report("face"), engine, vault, frames, seen, set_light, trace, clock.now, own_light)

    def open_visit(connection: CardConnection, today: datetime.date) -> CardVisit:
        return CardVisit(connection, MY_NUMBER_CARD, trust, vault, today, decoder, clock=clock.now)

    def compare(visit: int, photo: Ref) -> None:
        if face is not None:
            choices.hand_over(partial(face.post, Compare(visit, photo)))

    def open_face(visit: int, digits: bytearray) -> None:
        choices.hand_over(partial(card.post, NumberB(visit, digits)))

    card = CardWorker(
        report("card"),
        choices.card_reader or registry.open_card_reader(config),
        open_visit,
        vault,
        compare,
        trace,
        now=clock.now,
        today=lambda: clock.wall().astimezone(JST).date(),
        poll_s=choices.card_poll_s,
    )
    front = FrontWorker(
        report("card_front"),
        choices.card_front or registry.open_card_front(config),
        open_face,
        trace,
        clock.now,
    )
    store = StoreWorker(report("outbox"), choices.outbox(config.storage.outbox), desk.wake, trace, clock.now)
    parts = Parts(
        clock=clock,
        display=display,
        painter=choices.painter(display.panel, Catalogue.load()),
        lamps=choices.lamps or _lamps(config),
        speaker=_speaker(config),
        desk=desk,
        staff=staff,
        keys=PatientKeys(config.storage.state_dir / "patient.key"),
        vault=vault,
        trace=trace,
        preview=preview,
        seen=seen,
        fill=fill,
        random=choices.random,
        on_event=choices.on_event,
        inspect=choices.inspect,
        reset_request=choices.reset_request,
        motion=choices.motion and config.panel.motion,
        figures=figures,
        shuffle_pad=config.session.shuffle_pad,
        heat=Heat(config.temperature.ease_c, config.temperature.stop_c),
        models={} if choices.engine or face is None else {n: m.sha256 for n, m in models.manifest.models.items()},
    )
    identity = Identity(
        site=config.site.site_id,
        kiosk=config.site.kiosk_id,
        clinic=config.site.clinic_name,
        software=version("kaopi"),
    )
    kiosk = Kiosk(parts, config.rules(), identity, facts)
    workers = Workers(card=card, front=front, camera=camera, face=face, store=store)
    kiosk.attach(workers)
    return Assembled(kiosk, workers.all(), trace, vault, display, decoder)


def _lamps(config: KaopiConfig) -> Lamps:
    """Light is best effort: without it patients are served all the same, and the doctor says what is wrong."""
    try:
        return registry.open_lamps(config)
    except DeviceError as error:
        log.error("no lamps: %s", error)
        return DisabledLamps()


def _speaker(config: KaopiConfig) -> Speaker:
    """Sound is best effort too."""
    try:
        return registry.open_speaker(config)
    except DeviceError as error:
        log.error("no sound: %s", error)
        return DisabledSpeaker()


def _engine(config: KaopiConfig, models: ModelStore, vault: Vault) -> FaceEngine | None:
    """Without its models a kiosk still serves by PIN; the doctor and the desk say what is missing."""
    try:
        return FaceEngine(models, vault, FaceSettings(config.face.threshold_stricter, config.face.always_challenge))
    except (ModelRefused, ManifestError) as error:
        log.error("face comparison is off: %s", error)
        return None
