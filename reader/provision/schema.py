"""The set-up file: what a site file may say, and the network, certificates, files and ssh keys of one kiosk."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from pydantic import Field, StringConstraints, field_validator, model_validator

from reader.config.load import ConfigError, Problem, Source, check, read, validate
from reader.config.positions import line_of
from reader.config.schema import KaopiConfig, Section
from reader.config.wrong import Wrong
from reader.uplink.enrolment import UNREADABLE

FILE_NAME = "kaopi-setup.toml"
FileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
_SSH_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com", "ssh-rsa")


_AGAIN = "Write the set-up file again with `kaopi provision`"
_PREFIX = "アドレスは 192.168.1.20/24 のように、/ と桁数をつけて書いてください。"


class Network(Section):
    """How the kiosk reaches the clinic PC: by cable, or by Wi-Fi when ``ssid`` is given."""

    ssid: str | None = Field(default=None, min_length=1, max_length=32)
    passphrase: str | None = Field(default=None, repr=False)
    address: str | None = Field(default=None, description="Address with prefix length, as 192.168.1.20/24.")
    gateway: ipaddress.IPv4Address | None = None
    dns: tuple[ipaddress.IPv4Address, ...] = ()

    @field_validator("passphrase")
    @classmethod
    def _as_wpa_allows(cls, value: str | None) -> str | None:
        # IEEE 802.11-2020, annex J.4. No line break reaches the keyfile either.
        if value is not None and not re.fullmatch(r"[ -~]{8,63}", value):
            raise Wrong(
                "a Wi-Fi passphrase has 8 to 63 letters, digits and signs of a plain keyboard: check it",
                "Wi-Fiのパスフレーズは半角の英数字と記号で8文字から63文字です。確かめて書きなおしてください。",
            )
        return value

    @field_validator("address")
    @classmethod
    def _with_prefix(cls, value: str | None) -> str | None:
        if value is not None:
            if "/" not in value:
                raise Wrong("no prefix length: write it as 192.168.1.20/24", _PREFIX)
            try:
                ipaddress.IPv4Interface(value)
            except ValueError:
                raise Wrong(f"{value!r} is no IPv4 address: write it as 192.168.1.20/24", _PREFIX) from None
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.ssid is None) != (self.passphrase is None):
            raise Wrong(
                "ssid and passphrase go together: open Wi-Fi carries no patient's results",
                "ssid と passphrase は両方書いてください。パスフレーズのないWi-Fiは使えません。",
            )
        if self.ssid is not None and len(self.ssid.encode()) > 32:
            raise Wrong(
                "the ssid is longer than 32 bytes: check its spelling",
                "Wi-Fiの名前（ssid）が長すぎます。つづりを確かめてください。",
            )
        if self.address is None and (self.gateway is not None or self.dns):
            raise Wrong(
                "gateway and dns belong to a fixed address: give address too, or leave all to DHCP",
                "gateway や dns は address と一緒に書きます。address を書くか、3つとも消してください（DHCP）。",
            )
        if self.address is not None and self.gateway is not None:
            network = ipaddress.IPv4Interface(self.address).network
            if self.gateway not in network:
                raise Wrong(
                    "the gateway is not in the network of the address: check both",
                    "gateway が address と同じネットワークにありません。両方を確かめてください。",
                )
        return self


class Certificates(Section):
    """The kiosk's identity towards broker and desk (PEM). The key is a secret: the file is erased once imported."""

    ca: str
    certificate: str
    key: str = Field(repr=False)


class Enrolment(Section):
    """How the kiosk gets a certificate for a key that it makes itself: once, from the clinic PC."""

    address: str = Field(description="The clinic PC's name or address, and the port it enrols at.")
    token: str = Field(pattern=r"^[A-Z2-7]{32}$", repr=False)
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the clinic's CA certificate.")

    @field_validator("address")
    @classmethod
    def _with_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", host) or not port.isdigit() or not 0 < int(port) < 65536:
            raise Wrong(
                f"{value!r} is no host with a port: write it as 192.168.1.10:8738",
                "受付のPCの住所は 192.168.1.10:8738 のように、: とポート番号をつけて書いてください。",
            )
        return value


class Ssh(Section):
    """Who may log in for maintenance. Without a key there is no ssh server at all; there is never a password."""

    authorized_keys: tuple[str, ...] = Field(default=(), max_length=20)

    @field_validator("authorized_keys")
    @classmethod
    def _public(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            parts = key.split()
            try:
                good = len(parts) >= 2 and parts[0] in _SSH_KINDS and bool(base64.b64decode(parts[1], validate=True))
            except binascii.Error:
                good = False
            if not good or "\n" in key:
                raise Wrong(
                    "not an ssh public key: paste the one line of a .pub file",
                    "sshの公開鍵ではありません。.pub ファイルの1行をそのまま貼ってください。",
                )
        return value


class Besides(Section):
    """The tables that a site file has not."""

    network: Network = Field(default_factory=Network)
    certificates: Certificates | None = None
    enrolment: Enrolment | None = None
    files: dict[FileName, str] = Field(default_factory=dict, max_length=16)
    ssh: Ssh = Field(default_factory=Ssh)


@dataclass(frozen=True, slots=True)
class Setup:
    """A set-up file that was found good. site: the tables of the site file, as written."""

    site: dict[str, Any]
    config: KaopiConfig
    besides: Besides


def load_setup(path: Path, now: dt.datetime | None) -> Setup:
    """Read and check a set-up file. now: aware time, None where the clock is not set. Raises ConfigError."""
    source = read(path)
    own = {key: value for key, value in source.data.items() if key in Besides.model_fields}
    rest = {key: value for key, value in source.data.items() if key not in Besides.model_fields}
    problems: list[Problem] = []
    config = besides = None
    try:
        config = check(Source(source.name, source.text, rest))
    except ConfigError as error:
        problems += error.problems
    try:
        besides = validate(Besides, [Source(source.name, source.text, own)])
    except ConfigError as error:
        problems += error.problems
    if besides is not None and (besides.certificates is None) == (besides.enrolment is None):
        what = "give either [certificates] or [enrolment]"
        japanese = (
            "[certificates] と [enrolment] の、どちらか1つが要ります。kaopi provision write で作りなおしてください。"
        )
        problems.append(Problem(source.name, None, "certificates", what, _AGAIN, japanese))
    elif config is not None and besides is not None and besides.certificates is not None:
        problems += identity(source, besides.certificates, config.site.kiosk_id, now)
    if problems or config is None or besides is None:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line or 0))
    return Setup(rest, config, besides)


def identity(source: Source, found: Certificates, kiosk: str, now: dt.datetime | None) -> list[Problem]:
    """Return what keeps these three from working together; all of it would otherwise show at the clinic only."""

    def problem(key: str, what: str, japanese: str) -> list[Problem]:
        line = line_of(source.text, ("certificates", key))
        japanese += "設定ファイルを kaopi provision write で作りなおしてください。"
        return [Problem(source.name, line, f"certificates.{key}", what, _AGAIN, japanese)]

    try:
        ca = x509.load_pem_x509_certificate(found.ca.encode())
    except UNREADABLE:
        return problem("ca", "not a PEM certificate", "CA証明書を読めません。")
    try:
        own = x509.load_pem_x509_certificate(found.certificate.encode())
    except UNREADABLE:
        return problem("certificate", "not a PEM certificate", "証明書を読めません。")
    try:
        key = serialization.load_pem_private_key(found.key.encode(), password=None)
    except UNREADABLE:
        return problem("key", "not a PEM private key without a password", "秘密鍵を読めません。")
    names = [name.value for name in own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [kiosk]:
        other = ", ".join(map(str, names)) or "nobody"
        return problem("certificate", f"issued to {other}, not to {kiosk}", f"「{kiosk}」の証明書ではありません。")
    if key.public_key() != own.public_key():
        return problem("key", "does not belong to the certificate", "秘密鍵が証明書と合っていません。")
    try:
        own.verify_directly_issued_by(ca)
    except (*UNREADABLE, InvalidSignature):
        return problem("certificate", "not issued by the ca given here", "証明書がここのCAのものではありません。")
    if now is not None and own.not_valid_after_utc < now:
        until = own.not_valid_after_utc
        return problem("certificate", f"expired on {until:%Y-%m-%d}", f"証明書の期限が{until:%Y-%m-%d}に切れました。")
    return []
