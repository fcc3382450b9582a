"""What a technician sees of a card (``kaopi card``): its kind, its state, whether kaopi can serve it. Nothing personal.

No secret is sent, no name, number, date or serial is read out; the card's tries are asked at no cost.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from reader.card import certificate, cv_certificate
from reader.card.channel import CardChannel, UnexpectedStatus
from reader.card.connection import CardConnection, CardConnectionError, CardGone
from reader.card.errors import CardRefusal, MalformedData
from reader.card.jpki import JpkiApplication
from reader.card.profile import CardProfile
from reader.card.trust import TrustStore
from reader.card.visual import CardFaceApplication
from reader.session.failures import Failure
from reader.session.vocabulary import CertificateState

_KINDS = {
    Failure.NOT_MY_NUMBER_CARD: "not a My Number Card",
    Failure.OLD_RESIDENT_CARD: "an old resident card (住基カード)",
    Failure.PHONE_NOT_SUPPORTED: "a phone's card (スマホ保険証)",
    Failure.CARD_TOO_SLOW: "a card that is too slow",
}


class Verdict(StrEnum):
    """Whether a way of identification is open with this card."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class CardReport:
    """The findings. facts: (what, finding) in reading order; by_face, by_pin: can kaopi serve the card that way."""

    kind: str
    failure: Failure | None
    facts: tuple[tuple[str, str], ...] = ()
    by_face: Verdict = Verdict.NO
    by_pin: Verdict = Verdict.NO
    advice: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The report as lines of text."""
        width = max((len(what) for what, _ in self.facts), default=0) + 2
        code = f" ({self.failure.value})" if self.failure is not None else ""
        lines = [f"This is {self.kind}{code}."]
        lines += [f"  {what:<{width}}{finding}" for what, finding in self.facts]
        lines.append(f"kaopi can serve it by face: {self.by_face}; by PIN: {self.by_pin}.")
        return lines + [f"  {line}" for line in self.advice]

    def __str__(self) -> str:
        """The lines, joined."""
        return "\n".join(self.lines())


@dataclass(slots=True)
class _Findings:
    facts: list[tuple[str, str]] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    by_face: Verdict = Verdict.YES
    by_pin: Verdict = Verdict.YES

    def add(self, what: str, finding: str) -> None:
        self.facts.append((what, finding))


def describe(
    connection: CardConnection,
    profile: CardProfile,
    trust: TrustStore,
    today: datetime.date,
    clock: Callable[[], float] = time.monotonic,
) -> CardReport:
    """Look at the card and report. Raises CardGone when it is pulled; every other finding is in the report.

    The connection stays open; the caller closes it.
    """
    channel = CardChannel(connection, profile, clock)
    found = _Findings()
    try:
        jpki = JpkiApplication(channel, profile)
        jpki.select()
        _certificate(jpki, found, trust, today)
        _pin(jpki, found)
        _card_face(CardFaceApplication(channel, profile), found, profile, trust)
    except CardRefusal as refused:
        return CardReport(_KINDS.get(refused.failure, "a card kaopi cannot use"), refused.failure)
    except (UnexpectedStatus, MalformedData) as error:
        return CardReport("a card that cannot be read", Failure.CARD_UNREADABLE, (("reason", str(error)),))
    except CardGone:
        raise
    except CardConnectionError:
        mute = channel.traffic.apdus == 0
        kind = "a card that does not answer" if mute else "a card that stopped answering"
        return CardReport(kind, Failure.CARD_MUTE if mute else Failure.CARD_UNREADABLE)
    traffic = channel.traffic
    found.add("link", f"{traffic.apdus} commands, {traffic.received} bytes, {traffic.seconds * 1000:.0f} ms")
    return CardReport(
        f"a My Number Card, profile {profile.name}",
        None,
        tuple(found.facts),
        found.by_face,
        found.by_pin,
        tuple(found.advice),
    )


def _certificate(jpki: JpkiApplication, found: _Findings, trust: TrustStore, today: datetime.date) -> None:
    der = jpki.certificate()
    if der is None:
        found.add("certificate", "none")
        found.by_face = found.by_pin = Verdict.NO
        found.advice.append("The holder needs a new certificate from the municipal office.")
        return
    parsed = certificate.parse(der)
    state = parsed.state_on(today)
    found.add("certificate", {CertificateState.GRACE: "expired, within the 3-month grace"}.get(state, str(state)))
    found.add("issuer", "trusted" if parsed.trusted_by(trust) else "not trusted")
    if not parsed.trusted_by(trust):
        found.by_face = found.by_pin = Verdict.NO
        found.advice.append("No configured JPKI anchor issued this certificate: check the trust files of this kiosk.")
    elif state is CertificateState.EXPIRED:
        found.by_face = found.by_pin = Verdict.NO
        found.advice.append("The holder must renew the certificate at the municipal office.")


def _pin(jpki: JpkiApplication, found: _Findings) -> None:
    tries = jpki.pin_tries()
    found.add("PIN tries left", "the card does not say" if tries is None else str(tries))
    if tries == 0:
        found.by_pin = Verdict.NO
        found.advice.append("The PIN is locked (or was never set: 顔認証マイナンバーカード): face or staff only.")
    elif tries == 1:
        found.advice.append("One PIN try is left: kaopi asks the patient twice before using it.")


def _card_face(face: CardFaceApplication, found: _Findings, profile: CardProfile, trust: TrustStore) -> None:
    face.select()
    tries = face.number_b_tries()
    found.add("front number tries left", "the card does not say" if tries is None else str(tries))
    if tries is None or tries < profile.number_b_floor:
        found.by_face = Verdict.NO
        found.advice.append(f"Below {profile.number_b_floor} tries the front number is never tried: PIN or staff only.")
    try:
        signer = cv_certificate.parse(face.cv_certificate())
        known = trust.trusts_signer(signer, profile.scheme)
    except (MalformedData, UnexpectedStatus):
        known = False
    found.add("card-face signer", "trusted" if known else "not trusted")
    if not known:
        found.by_face = Verdict.NO
        found.advice.append("The signer of the card face is unknown: check the trust files of this kiosk.")
