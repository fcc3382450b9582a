"""Every setting of kaopi, once. docs/config.md and docs/config.schema.json are generated from here.

Models are frozen and refuse unknown keys, so a typing mistake is a refusal at start and never a silent default.
"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from reader.config.panels import PANELS, PanelName
from reader.config.wrong import Wrong
from reader.session.state import Rules

Topic = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$")]
DeviceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Section(BaseModel):
    """A table of the configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Site(Section):
    """Who and where this kiosk is."""

    clinic_name: str = Field(
        default="受付", title="Clinic name", description="Shown on the start screen.", max_length=40
    )
    site_id: Topic = Field(
        default="site",
        title="Site id",
        description="Second part of every MQTT topic; the same for all "
        "kiosks of a clinic. Small letters, digits and hyphens.",
    )
    kiosk_id: Topic = Field(
        default="kiosk-1",
        title="Kiosk id",
        description="Name of this kiosk: third part of its MQTT "
        "topics and the common name (CN) of its client certificate.",
    )
    languages: tuple[Language, ...] = Field(
        default=("ja", "en"),
        title="Languages",
        min_length=1,
        description="Languages offered on the start screen, in this order.",
    )
    language: Language = Field(
        default="ja", title="First language", description="Language shown before anyone chooses."
    )
    production: bool = Field(
        default=True,
        title="Production",
        description="true at a clinic: refuses simulated devices, plain-text MQTT and stretched time limits.",
    )

    @model_validator(mode="after")
    def _first_language_is_offered(self) -> Self:
        if self.language not in self.languages:
            raise Wrong(
                f"language {self.language!r} is not among languages; add it there or choose another",
                "language の言語が languages の一覧にありません。一覧に足すか、一覧の中から選んでください。",
            )
        return self


class PanelSection(Section):
    """The touchscreen in use."""

    name: PanelName = Field(
        default="wide10-1280x800",
        title="Panel",
        description="Which panel is built in; sets pixels and "
        "pixels per millimetre, so that buttons keep their size in millimetres.",
    )
    rotation: Literal[0, 90, 180, 270] = Field(
        default=0, title="Rotation", description="Degrees clockwise the panel is turned against its own top edge."
    )
    motion: bool = Field(
        default=True,
        title="Motion",
        description="Small movements of at most 0.2 s: the card that shows its way, the ring that fills smoothly. "
        "false: nothing moves by itself.",
    )

    @property
    def width(self) -> int:
        """Logical width in pixels, after rotation."""
        size = PANELS[self.name]
        return size.width if self.rotation in (0, 180) else size.height

    @property
    def height(self) -> int:
        """Logical height in pixels, after rotation."""
        size = PANELS[self.name]
        return size.height if self.rotation in (0, 180) else size.width

    @property
    def px_per_mm(self) -> float:
        """Pixels per millimetre."""
        return PANELS[self.name].px_per_mm


class Device(Section):
    """One device: the adapter's name, and settings that the adapter itself checks."""

    name: DeviceName = Field(
        title="Adapter",
        description="Name of an installed adapter; `kaopi doctor` lists them. "
        "`disabled` says plainly that the part is not there.",
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, title="Settings", description="Settings of that adapter; see docs/hardware.md."
    )


class Devices(Section):
    """Which adapter serves each part."""

    camera: Device = Field(
        default=Device(name="picamera2"),
        title="Camera",
        description="The camera that sees the patient: `picamera2`, `webcam` or `disabled`.",
    )
    card_reader: Device = Field(default=Device(name="pcsc"), title="Card reader", description="The slot: `pcsc`.")
    card_front: Device = Field(
        default=Device(name="disabled"),
        title="Card-slot camera",
        description="Reads the printed digits (verification number B). `disabled` leaves PIN and staff.",
    )
    lamps: Device = Field(default=Device(name="gpiozero"), title="Lamps", description="`gpiozero` or `disabled`.")
    speaker: Device = Field(default=Device(name="pygame"), title="Speaker", description="`pygame` or `disabled`.")
    display: Device = Field(
        default=Device(name="pygame"),
        title="Display",
        description="`pygame` (KMSDRM on a device, a window on a desktop) or `headless`.",
    )


class Face(Section):
    """Face comparison. The threshold itself belongs to the model and stands in models/manifest.toml."""

    threshold_stricter: float = Field(
        default=0.0,
        ge=0.0,
        le=0.5,
        title="Stricter by",
        description="Added to the model's threshold. It can only be made stricter, never laxer.",
    )
    always_challenge: bool = Field(
        default=False,
        title="Always ask for a movement",
        description="Ask also who looks alive and has shown depth.",
    )
    own_light: bool = Field(
        default=False,
        title="Experimental: own light",
        description="Vary the fill light a little during a face try and log how the face answers. It decides nothing.",
    )
    models_dir: Path | None = Field(
        default=None, title="Models", description="Folder of the ONNX models; unset means where the package put them."
    )


class SessionSection(Section):
    """Decisions of the site about a patient's visit."""

    prescription_choice: bool = Field(
        default=False, title="Ask for the prescription's form", description="Ask 電子処方箋 or paper."
    )
    ask_specific_disease: bool = Field(
        default=False, title="Ask about 特定疾病", description="Ask consent to show the 特定疾病療養受療証."
    )
    remember_consents: bool = Field(
        default=True,
        title="Offer last answers",
        description="Offer 'same as last time' when the desk knows this patient's last consents.",
    )
    shuffle_pad: bool = Field(
        default=False, title="Shuffle the pad", description="Put the digits of the PIN pad in another order each time."
    )
    face_tries: int = Field(default=3, ge=1, le=3, title="Face tries", description="Tries by face before PIN or staff.")
    desk_reply_s: float = Field(
        default=1.0,
        ge=0.1,
        le=5.0,
        title="Wait for the desk (s)",
        description="How long the desk may take to answer before the visit goes on without it.",
    )
    slow_machine: float = Field(
        default=1.0,
        ge=1.0,
        le=50.0,
        title="Slow machine",
        description="Stretches every time limit under emulation. Refused in production.",
    )


class Uplink(Section):
    """The way to the clinic PC. All three TLS files together, or none; none is refused in production."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        title="Broker host",
        description="Name or address of the broker; the name must be in its certificate.",
    )
    port: int = Field(default=8883, ge=1, le=65535, title="Broker port", description="8883 is MQTT over TLS.")
    protocol: Literal[5, 311] = Field(
        default=5, title="MQTT version", description="5, or 311 where the broker knows no MQTT 5."
    )
    ca_file: str | None = Field(
        default="credential:ca.pem",
        title="Broker's CA",
        description="PEM file, or `credential:NAME` for a systemd credential.",
    )
    cert_file: str | None = Field(
        default="credential:kiosk.pem", title="Client certificate", description="PEM file, or `credential:NAME`."
    )
    key_file: str | None = Field(
        default="credential:kiosk.key",
        title="Client key",
        description="`credential:NAME`; a plain path is refused in production.",
    )
    keepalive_s: int = Field(
        default=20,
        ge=5,
        le=300,
        title="Keep-alive (s)",
        description="The broker publishes the last will after one and a half times this.",
    )

    @property
    def uses_tls(self) -> bool:
        """Whether the link is encrypted."""
        return self.ca_file is not None

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        files = (self.ca_file, self.cert_file, self.key_file)
        if any(files) and not all(files):
            raise Wrong(
                "ca_file, cert_file and key_file go together: set all three, or none",
                "ca_file・cert_file・key_file は3つそろえて書くか、3つとも消してください。",
            )
        return self


class Storage(Section):
    """Where state is kept. Both processes share the outbox and the socket, nothing else."""

    state_dir: Path = Field(default=Path("/var/lib/kaopi"), title="State", description="The kiosk's own state.")
    outbox: Path = Field(
        default=Path("/var/lib/kaopi/outbox/outbox.sqlite3"),
        title="Outbox",
        description="Results waiting for the desk's acknowledgement (SQLite).",
    )
    socket_dir: Path = Field(
        default=Path("/run/kaopi"),
        title="Sockets",
        description="Folder of the two AF_UNIX sockets between kiosk and uplink.",
    )


class Sound(Section):
    """Voice and earcons."""

    volume: float = Field(default=0.7, ge=0.0, le=1.0, title="Volume", description="0 is silent, 1 the loudest.")
    quiet_from: time | None = Field(default=None, title="Quiet from", description="Local time, as 18:00:00.")
    quiet_to: time | None = Field(default=None, title="Quiet until", description="Local time; may lie after midnight.")
    quiet_volume: float = Field(
        default=0.25, ge=0.0, le=1.0, title="Quiet volume", description="Volume in quiet hours."
    )
    voice_dir: Path | None = Field(
        default=None,
        title="Voice recordings",
        description="Folder with one folder a language, one file a text id; unset means where the package put them.",
    )

    @model_validator(mode="after")
    def _both_ends(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise Wrong(
                "quiet_from and quiet_to go together: set both, or none",
                "quiet_from と quiet_to は両方書くか、両方消してください。",
            )
        return self


class Trust(Section):
    """Certificates of the authorities whose signatures on a card are believed. PEM or DER files."""

    jpki_ca_files: tuple[Path, ...] = Field(
        default=(),
        title="JPKI CA",
        description="CA certificates of the user authentication certificate (公的個人認証).",
    )
    card_face_ca_files: tuple[Path, ...] = Field(
        default=(),
        title="Card-face CA",
        description="Public keys or certificates that sign the card-face file (券面事項).",
    )


class Staff(Section):
    """Staff codes."""

    hashes_file: Path = Field(
        default=Path("/var/lib/kaopi/staff.json"),
        title="Staff codes",
        description="scrypt hashes, one an operator; written when the desk sets a code, never by hand.",
    )


class Maintenance(Section):
    """The daily restart, done by itself when nobody is in front."""

    window_from: time = Field(default=time(3, 0), title="From", description="Local time the window opens.")
    window_to: time = Field(default=time(4, 0), title="To", description="Local time it closes.")
    restart_daily: bool = Field(
        default=True, title="Restart daily", description="Restart the kiosk in the window, once."
    )

    @field_validator("window_to")
    @classmethod
    def _not_empty(cls, value: time, info: Any) -> time:
        if info.data.get("window_from") == value:
            raise Wrong(
                "the window is empty; let it close after it opens",
                "始まりと終わりが同じ時刻です。終わりを変えてください。",
            )
        return value


class Temperature(Section):
    """When to act on heat, before the processor slows itself down at 80 °C."""

    ease_c: float = Field(
        default=72.0,
        ge=50,
        le=79,
        title="Ease off (°C)",
        description="The face is looked at less often, the fill light dimmed; doctor and desk warn.",
    )
    stop_c: float = Field(
        default=80.0,
        ge=60,
        le=84,
        title="Stop (°C)",
        description="No new patient is served from here on; staff are told.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ease_c >= self.stop_c:
            raise Wrong("ease_c must be lower than stop_c", "ease_c は stop_c より低い温度にしてください。")
        return self


class KaopiConfig(Section):
    """Everything a kiosk can be told."""

    site: Site = Field(default_factory=Site)
    panel: PanelSection = Field(default_factory=PanelSection)
    devices: Devices = Field(default_factory=Devices)
    face: Face = Field(default_factory=Face)
    session: SessionSection = Field(default_factory=SessionSection)
    uplink: Uplink = Field(default_factory=Uplink)
    storage: Storage = Field(default_factory=Storage)
    sound: Sound = Field(default_factory=Sound)
    trust: Trust = Field(default_factory=Trust)
    staff: Staff = Field(default_factory=Staff)
    maintenance: Maintenance = Field(default_factory=Maintenance)
    temperature: Temperature = Field(default_factory=Temperature)
    simulator: dict[str, Any] = Field(
        default_factory=dict,
        title="Simulator",
        description="Settings of the simulator (hw-sim). Refused in production.",
    )

    @model_validator(mode="after")
    def _production_is_real(self) -> Self:
        if not self.site.production:
            return self
        remedy = "remove it, or set site.production = false on a machine that serves no patients"
        hint = "消すか、患者さんが使わない機械なら site.production = false にしてください。"
        if self.simulator:
            raise Wrong(f"[simulator] is refused in production: {remedy}", f"[simulator] は本番では使えません。{hint}")
        for part in Devices.model_fields:
            name = getattr(self.devices, part).name
            if name.startswith("sim"):
                raise Wrong(
                    f"devices.{part}.name = {name!r} is a simulated device, refused in production: {remedy}",
                    f"devices.{part}.name が試験用の部品「{name}」です。本番では使えません。{hint}",
                )
        if self.session.slow_machine != 1.0:
            raise Wrong(
                f"session.slow_machine is refused in production: {remedy}",
                f"session.slow_machine は本番では使えません。{hint}",
            )
        if not self.uplink.uses_tls:
            raise Wrong(
                "uplink without TLS is refused in production: set ca_file, cert_file and key_file",
                "暗号化していない通信は本番では使えません。uplink の ca_file・cert_file・key_file を書いてください。",
            )
        if self.uplink.key_file is not None and not self.uplink.key_file.startswith("credential:"):
            raise Wrong(
                "uplink.key_file must be `credential:NAME` in production, so that only the uplink reads it",
                "uplink.key_file は本番では credential:名前 の形にしてください。",
            )
        return self

    def rules(self) -> Rules:
        """Return the site's decisions in the words of the session."""
        return Rules(
            prescription_choice=self.session.prescription_choice,
            ask_specific_disease=self.session.ask_specific_disease,
            remember_consents=self.session.remember_consents,
            face_tries=self.session.face_tries,
            desk_reply_s=self.session.desk_reply_s,
            languages=self.site.languages,
            language=self.site.language,
            slow_machine=self.session.slow_machine,
        )
