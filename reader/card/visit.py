"""One patient's card, from insertion to removal: what the kiosk asks of it, in its own words.

The read plan does nothing twice. On the link: token, certificate, PIN tries (while the front of the card is being
read), then 照合番号B, the photo by the file's own table, the rest of the file, the signer's certificate, the presence
proof. The photo is decoded in its own process while the card is still being read.
"""

from __future__ import annotations

import datetime
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reader.card import card_face, certificate, cv_certificate
from reader.card.card_face import CardFaceFile
from reader.card.certificate import AuthenticationCertificate
from reader.card.channel import CardChannel, Traffic, UnexpectedStatus
from reader.card.connection import CardConnection, CardConnectionError, CardGone
from reader.card.errors import CardRefusal, MalformedData, PhotoRejected
from reader.card.jpki import JpkiApplication
from reader.card.photo import PendingPhoto, PhotoDecoder
from reader.card.profile import CardProfile
from reader.card.trust import TrustStore
from reader.card.visual import CardFaceApplication, CardFaceReading
from reader.session.failures import Failure
from reader.session.vocabulary import CertificateState, Ref
from reader.vault import Vault, overwrite

CHALLENGE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """What the card says without a PIN.

    pin_tries: None when the card would not say. certificate: DER in the vault, None when there is none.
    not_after: ISO date of the last day of validity in Japan.
    """

    certificate_state: CertificateState
    pin_tries: int | None
    certificate: Ref | None
    not_after: str | None


@dataclass(frozen=True, slots=True)
class CardFace:
    """The card face. photo: uint8 (H, W) or (H, W, 3) in the vault. age: whole years today.

    signature_valid: the issuer signed birth date, card key, name, address and photo. presence_proved: the card holds
    the private key of the signed card key, so it is no copy.
    """

    photo: Ref
    age: int
    signature_valid: bool
    presence_proved: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature over a nonce; signature_valid: it verifies under the card's authentication certificate."""

    signature: bytes
    signature_valid: bool


class CardVisit:
    """Reads one connected card. Blocking; one thread at a time, except ``cancel``, which may come from any.

    Every method raises CardGone when the card is pulled, and CardRefusal for anything a patient or the desk must hear.
    today: the day in Japan. challenge: source of random bytes for the presence proof.
    """

    def __init__(
        self,
        connection: CardConnection,
        profile: CardProfile,
        trust: TrustStore,
        vault: Vault,
        today: datetime.date,
        decoder: PhotoDecoder,
        *,
        clock: Callable[[], float] = time.monotonic,
        challenge: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._connection = connection
        self._profile = profile
        self._trust = trust
        self._vault = vault
        self._today = today
        self._decoder = decoder
        self._challenge = challenge
        self._channel = CardChannel(connection, profile, clock)
        self._jpki = JpkiApplication(self._channel, profile)
        self._face = CardFaceApplication(self._channel, profile)
        self._certificate: AuthenticationCertificate | None = None
        self._closed = False

    @property
    def traffic(self) -> Traffic:
        """Commands, bytes and seconds spent on this card so far."""
        return self._channel.traffic

    def cancel(self) -> None:
        """Stop before the next command: the method under way raises CardGone."""
        self._channel.cancel()

    def identify(self) -> Identity:
        """Read token, authentication certificate and PIN tries.

        Raises CardRefusal: NOT_MY_NUMBER_CARD, OLD_RESIDENT_CARD, PHONE_NOT_SUPPORTED, CERTIFICATE_UNTRUSTED,
        CARD_MUTE, CARD_UNREADABLE, CARD_TOO_SLOW. A missing or expired certificate is no refusal: the state says it.
        """
        with _Refusals(self._channel):
            self._jpki.select()
            der = self._jpki.certificate()
            tries = self._jpki.pin_tries()
        if der is None:
            return Identity(CertificateState.NONE, tries, None, None)
        try:
            parsed = certificate.parse(der)
        except MalformedData as error:
            raise CardRefusal(Failure.CARD_UNREADABLE, str(error)) from None
        if not parsed.trusted_by(self._trust):
            raise CardRefusal(Failure.CERTIFICATE_UNTRUSTED)
        self._certificate = parsed
        ref = self._vault.put("certificate", der)
        return Identity(parsed.state_on(self._today), tries, ref, parsed.not_after.isoformat())

    def certificate_der(self, ref: Ref) -> bytes:
        """DER of the certificate that ``identify`` put into the vault. Raises VaultError once it is wiped."""
        der = self._vault.get(ref)
        assert isinstance(der, bytearray)
        return bytes(der)

    def open_card_face(self, number_b: bytearray, on_photo: Callable[[Ref], None] | None = None) -> CardFace:
        """Open the card face with 照合番号B (overwritten), read and check it, prove the card's presence.

        on_photo: called on this thread as soon as the photo is decoded and in the vault, before signatures are
        checked; nothing may be decided on it before this method returns.
        Raises CardRefusal: FRONT_TRIES_LOW, FRONT_NUMBER_REFUSED, PHOTO_UNREADABLE, NOT_MY_NUMBER_CARD, CARD_MUTE,
        CARD_UNREADABLE, CARD_TOO_SLOW.
        """
        try:
            with _Refusals(self._channel):
                self._face.select()
                self._face.open(number_b)
                reading = self._face.read_card_face()
        finally:
            overwrite(number_b)
        try:
            return self._read_face(reading, on_photo)
        finally:
            reading.wipe()

    def _read_face(self, reading: CardFaceReading, on_photo: Callable[[Ref], None] | None) -> CardFace:
        pending: PendingPhoto | None = None
        photo: Ref | None = None
        try:
            with _Refusals(self._channel):
                early = reading.photo()
                if early is not None:
                    pending = self._submit(early)
                parsed = card_face.parse(reading.finish())
                if pending is not None and reading.photo_at != parsed.fields[card_face.PHOTO].start:
                    # The unsigned offset table pointed at a portrait that is not the one the issuer signed.
                    pending.abandon()
                    pending = None
                if pending is None:
                    pending = self._submit(bytearray(parsed.value(card_face.PHOTO)))
                age = card_face.age_on(parsed.birth, self._today)
            if on_photo is not None:
                photo = self._vault.put("photo", self._result(pending))
                pending = None
                on_photo(photo)
            with _Refusals(self._channel):
                signed = self._signed_by_issuer(parsed)
                proved = self._presence_proved(parsed)
            if photo is None:
                assert pending is not None
                photo = self._vault.put("photo", self._result(pending))
                pending = None
        except BaseException:
            if photo is not None:
                self._vault.drop(photo)
            if pending is not None:
                pending.abandon()
            raise
        return CardFace(photo, age, signed, proved)

    def _submit(self, jp2: bytearray) -> PendingPhoto:
        try:
            return self._decoder.submit(jp2)
        except PhotoRejected as error:
            raise CardRefusal(Failure.PHOTO_UNREADABLE, str(error)) from None

    def _result(self, pending: PendingPhoto) -> NDArray[np.uint8]:
        try:
            return pending.result()
        except PhotoRejected as error:
            raise CardRefusal(Failure.PHOTO_UNREADABLE, str(error)) from None

    def _signed_by_issuer(self, parsed: CardFaceFile) -> bool:
        try:
            signer = cv_certificate.parse(self._face.cv_certificate())
            digests = parsed.digests()
        except (MalformedData, UnexpectedStatus):
            return False
        if not self._trust.trusts_signer(signer, self._profile.scheme):
            return False
        return self._profile.scheme.verify_encoded(signer.public_key, parsed.value(card_face.SIGNATURE), digests)

    def _presence_proved(self, parsed: CardFaceFile) -> bool:
        challenge = self._challenge(CHALLENGE_BYTES)
        try:
            signature = self._face.prove_presence(challenge)
        except UnexpectedStatus:
            return False
        return self._profile.scheme.verify(parsed.card_key, signature, challenge)

    def verify_pin(self, pin: bytearray) -> None:
        """Present the PIN (overwritten) after reading the tries left; once, never again by itself.

        Raises PinRefused(tries_left), CardRefusal(PIN_LOCKED) without sending it when no try is left.
        """
        try:
            with _Refusals(self._channel):
                self._channel.renew_budget()
                self._jpki.select()
                self._jpki.verify_pin(pin)
        finally:
            overwrite(pin)

    def sign(self, nonce: bytes) -> Signed:
        """Have the card sign ``nonce`` after ``verify_pin``, and check it under the certificate of ``identify``.

        Raises CardRefusal(PIN_SIGNATURE_BAD) when the card would not sign.
        """
        with _Refusals(self._channel):
            self._jpki.select()
            try:
                signature = self._jpki.sign(nonce)
            except UnexpectedStatus as error:
                raise CardRefusal(Failure.PIN_SIGNATURE_BAD, str(error)) from None
        key = self._certificate.public_key if self._certificate is not None else None
        return Signed(signature, key is not None and self._profile.scheme.verify(key, signature, nonce))

    def close(self) -> None:
        """Reset the card and let go of it: every verify state ends. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._channel.cancel()
            self._connection.close()


class _Refusals:
    """Turns what the lower layers raise into what patients and the desk can be told."""

    def __init__(self, channel: CardChannel) -> None:
        self._channel = channel

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case CardGone():
                return
            case MalformedData() | UnexpectedStatus():
                raise CardRefusal(Failure.CARD_UNREADABLE, str(error)) from None
            case CardConnectionError():
                # A card that answered nothing at all is another case than one that stopped answering properly.
                mute = self._channel.traffic.apdus == 0
                raise CardRefusal(Failure.CARD_MUTE if mute else Failure.CARD_UNREADABLE, str(error)) from None
            case _:
                return
