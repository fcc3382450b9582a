"""Owns the card slot: notices cards, reads them in stages, presents the PIN. Always comes back to an empty slot.

pcscd may stop, readers may be unplugged, cards pulled at any APDU: each ends in a fact, never in a dead thread.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from reader.card.connection import CardConnection, CardConnectionError, CardGone
from reader.card.errors import CardRefusal, PinRefused
from reader.card.visit import CardVisit
from reader.devices.ports import CardReader, DeviceError
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Report, Worker
from reader.session import events as ev
from reader.session.failures import Failure
from reader.session.vocabulary import Part, Ref
from reader.vault import Vault, overwrite

POLL_S = 0.1
BACK_OFF_S = (0.5, 1.0, 2.0, 4.0)  # issue: back at the start screen within five seconds
GLITCH_S = 1.5  # a card that stopped answering but was not removed
CONNECT_TRIES = 3

OpenVisit = Callable[[CardConnection, datetime.date], CardVisit]
OnPhoto = Callable[[int, Ref], None]


@dataclass(frozen=True, slots=True)
class Read:
    """Read the card in the slot."""

    visit: int


@dataclass(frozen=True, slots=True)
class NumberB:
    """The printed digits, for the card of this visit. The buffer is wiped by the receiver."""

    visit: int
    digits: bytearray


@dataclass(frozen=True, slots=True)
class Verify:
    """Present the PIN and have the nonce signed. The buffer is wiped by the receiver."""

    visit: int
    pin: bytearray
    nonce: bytes
    nonce_local: bool


@dataclass(frozen=True, slots=True)
class Release:
    """Reset the card and let go."""


CardOrder = Read | NumberB | Verify | Release


class CardWorker(Worker[CardOrder]):
    """One slot (of one or more PC/SC readers), one card, one visit at a time."""

    name = "card"
    patience_s = 20.0  # a card of one second an APDU is slow, not hung; the session's own limits come first

    def __init__(
        self,
        report: Report,
        reader: CardReader,
        open_visit: OpenVisit,
        vault: Vault,
        on_photo: OnPhoto,
        trace: Trace,
        *,
        now: Callable[[], float],
        today: Callable[[], datetime.date],
        poll_s: float = POLL_S,
    ) -> None:
        super().__init__(report)
        self._reader = reader
        self._open_visit = open_visit
        self._vault = vault
        self._on_photo = on_photo
        self._trace = trace
        self._now = now
        self._today = today
        self._poll_s = poll_s  # 0 under a virtual clock: look, do not wait
        self._there: bool | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._cards: set[str] = set()
        self._insertion = 0
        self._card: CardVisit | None = None
        self._visit = 0
        self._identified = False
        self._number: NumberB | None = None
        self._gone_at: float | None = None
        self._tries = 0

    # -- orders --------------------------------------------------------------------------------------------------

    def _take(self, order: CardOrder, now: float) -> None:
        match order:
            case Read(visit=visit):
                self._let_go()
                self._visit = visit
                self._tries = 0
            case NumberB():
                if order.visit != self._visit:
                    overwrite(order.digits)
                else:
                    self._number = order
            case Verify():
                self._verify(order)
            case Release():
                self._let_go()

    def _let_go(self) -> None:
        if self._card is not None:
            self._card.close()
        self._card = None
        self._visit = 0
        self._identified = False
        self._gone_at = None
        if self._number is not None:
            overwrite(self._number.digits)
        self._number = None

    # -- work ----------------------------------------------------------------------------------------------------

    def _work(self, now: float) -> float:
        if now < self._retry_at:
            return self._retry_at - now
        if self._gone_at is not None and now - self._gone_at >= GLITCH_S:
            visit = self._visit
            self._let_go()
            self._report(ev.CardFailed(now, visit, Failure.CARD_UNREADABLE))
        if self._stage():
            return 0.0
        self._watch()
        return 0.0 if self._poll_s else POLL_S

    def _stage(self) -> bool:
        """Do the next stage of reading; return whether there was one."""
        if not self._visit or self._gone_at is not None:
            return False
        visit = self._visit
        try:
            if self._card is None:
                self._card = self._open_visit(self._reader.connect(), self._today())
                return True
            if not self._identified:
                self._identify(self._card, visit)
                return True
            if self._number is not None:
                number, self._number = self._number, None
                self._open_face(self._card, visit, number.digits)
                return True
        except CardRefusal as refusal:
            self._identified = True
            self._report(ev.CardFailed(self._now(), visit, refusal.failure))
            return True
        except CardGone:
            self._gone_at = self._now()
        except (CardConnectionError, DeviceError):
            # a contact card needs a moment to settle; a slot that still refuses is a card we cannot read
            self._tries += 1
            if self._tries >= CONNECT_TRIES:
                self._gone_at = self._now() - GLITCH_S
        return False

    def _identify(self, card: CardVisit, visit: int) -> None:
        start = self._now()
        identity = card.identify()
        self._identified = True
        end = self._now()
        self._trace.add("card link", "certificate", start, end)
        self._report(
            ev.CertificateRead(
                end,
                visit,
                identity.certificate_state,
                identity.pin_tries,
                identity.certificate,
                identity.not_after,
            )
        )

    def _open_face(self, card: CardVisit, visit: int, digits: bytearray) -> None:
        start = self._now()
        face = card.open_card_face(digits, lambda photo: self._on_photo(visit, photo))
        end = self._now()
        self._trace.add("card link", "card face", start, end)
        self._report(ev.CardFaceRead(end, visit, face.photo, face.age, face.signature_valid, face.presence_proved))

    def _verify(self, order: Verify) -> None:
        start = self._now()
        card = self._card
        try:
            if card is None or order.visit != self._visit:
                return
            card.verify_pin(order.pin)
            signed = card.sign(order.nonce)
        except PinRefused as refused:
            self._report(ev.PinRefused(self._now(), order.visit, refused.tries_left))
            return
        except CardRefusal as refusal:
            self._report(ev.CardFailed(self._now(), order.visit, refusal.failure))
            return
        except CardConnectionError:
            self._gone_at = self._now()
            return
        finally:
            overwrite(order.pin)
        end = self._now()
        self._trace.add("card link", "PIN and signature", start, end)
        ref = self._vault.put("signature", bytearray(signed.signature))
        self._report(ev.PinAccepted(end, order.visit, signed.signature_valid, ref, order.nonce_local))

    # -- slot ----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Look for cards coming and going; survive the service going away."""
        try:
            change = self._reader.poll(self._poll_s)
        except DeviceError as error:
            self._service_lost(self._now(), error)
            return
        now = self._now()
        self._failures = 0
        if self._there is not True:
            self._there = True
            self._report(ev.PartChanged(now, Part.CARD_READER, None))
        if change is None:
            return
        if change.inserted:
            self._cards.add(change.reader)
            self._insertion += 1
            self._report(ev.CardInserted(now, self._insertion))
        else:
            self._cards.discard(change.reader)
            if len(self._cards) > 1:
                return
            self._let_go()
            self._report(ev.CardRemoved(now))
            if self._cards:  # of two cards one was taken back, as asked: the other counts as put in now
                self._insertion += 1
                self._report(ev.CardInserted(now, self._insertion))

    def _service_lost(self, now: float, error: DeviceError) -> None:
        self._let_go()
        self._cards.clear()
        self._reader.close()
        self._retry_at = now + BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        self._failures += 1
        if self._there is not False:
            self._there = False
            stopped = getattr(error, "service_stopped", False)
            failure = Failure.PCSC_STOPPED if stopped else Failure.READER_MISSING
            self._report(ev.PartChanged(now, Part.CARD_READER, failure))

    def close(self) -> None:
        """Reset the card and leave the service."""
        self._let_go()
        self._reader.close()
