"""What the desk does with each message: a handler over the store, no clock and no network of its own."""

from __future__ import annotations

import base64
import logging
import os
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from reader.desk.signature import signature_holds
from reader.desk.store import Check, Store
from reader.session.vocabulary import Outcome, Registration, VisualReason
from reader.uplink.ids import uuid7
from reader.uplink.messages import (
    Ack,
    Alert,
    Command,
    Health,
    Message,
    MessageError,
    Request,
    Response,
    ResultMessage,
    StaffCode,
    State,
    decode,
    result_id_of,
)
from reader.uplink.topics import Channel, Topic, TopicError, parse

log = logging.getLogger(__name__)

NONCE_BYTES: Final = 32
Replies = list[tuple[str, bytes]]
M = TypeVar("M", bound=Message)


class DeskService:
    """Handles what kiosks send and makes what they are sent.

    random: gives n random bytes (nonces). on_change: called after the store changed, with what changed.
    staff_codes: gives the codes a kiosk is sent whenever it comes back.
    remember: how long consents are kept for 前回と同じ; None keeps none.
    """

    def __init__(
        self,
        store: Store,
        *,
        site: str,
        remember: timedelta | None = timedelta(days=365),
        random: Callable[[int], bytes] = os.urandom,
        on_change: Callable[[str], None] = lambda _what: None,
        staff_codes: Callable[[], tuple[StaffCode, ...]] = tuple,
    ) -> None:
        self.store, self.site = store, site
        self._remember, self._random, self._on_change = remember, random, on_change
        self._staff_codes = staff_codes

    def handle(self, topic: str, payload: bytes, now: datetime) -> Replies:
        """Take one message; return what to publish: (topic, payload), QoS 1, not retained.

        An acknowledgement is returned only after the result is committed. sqlite3.Error passes through: then nothing
        is acknowledged and the kiosk sends again.
        """
        try:
            where = parse(topic)
        except TopicError as error:
            self._refuse(topic, str(error), now)
            return []
        try:
            if where.site != self.site:
                raise MessageError(f"site {where.site} is not ours ({self.site}); check the broker's ACL")
            match where.channel:
                case Channel.RESULT:
                    return self._result(where, payload, now)
                case Channel.REQUEST:
                    return self._request(where, payload, now)
                case Channel.STATE:
                    return self._state(where, payload, now)
                case Channel.HEALTH:
                    self.store.set_health(self._from(where, decode(Health, payload)), now)
                    self._on_change("kiosks")
                case Channel.ALERT:
                    if self.store.add_alert(self._from(where, decode(Alert, payload)), now):
                        self._on_change("alerts")
                case _:
                    raise MessageError("not a channel a kiosk writes")
        except MessageError as error:
            self._refuse(topic, str(error), now)
            return self._refusal(where, payload, str(error))
        return []

    def _from(self, where: Topic, message: M) -> M:
        if (message.site, message.kiosk) != (where.site, where.kiosk):
            raise MessageError("topic and content name different kiosks")
        return message

    # -- results -------------------------------------------------------------------------------------------

    def _result(self, where: Topic, payload: bytes, now: datetime) -> Replies:
        message = self._from(where, decode(ResultMessage, payload))
        new = False
        with self.store.transaction():
            if not self.store.has_result(message.result_id):
                new = self.store.add_result(message, self._check(message), now)
                self._remember_patient(message, now)
        if new:
            self._on_change("results")
        ack = Ack(site=where.site, kiosk=where.kiosk, result_id=message.result_id, status="stored")
        return [(str(Topic(where.site, where.kiosk, Channel.ACK)), ack.encode())]

    def _check(self, message: ResultMessage) -> Check:
        proof = message.proof
        if proof is None:
            return "notApplicable"
        if not signature_holds(proof):
            return "bad"
        if proof.nonce_local:
            return "localNonce"
        issued = self.store.use_nonce(base64.b64decode(proof.nonce), message.kiosk, message.result_id)
        return "ok" if issued else "unknownNonce"

    def _remember_patient(self, message: ResultMessage, now: datetime) -> None:
        key = message.patient_key
        if key is None or message.outcome is not Outcome.ACCEPTED:
            return
        if self._remember is not None and message.consents is not None and message.consents.answers():
            self.store.remember_consents(key, message.consents, now)

    def _refusal(self, where: Topic, payload: bytes, reason: str) -> Replies:
        if where.channel is not Channel.RESULT:
            return []
        result_id = result_id_of(payload)
        if result_id is None:
            return []  # not even an id: nothing to answer to
        ack = Ack(site=self.site, kiosk=where.kiosk, result_id=result_id, status="refused", reason=reason[:300])
        return [(str(Topic(where.site, where.kiosk, Channel.ACK)), ack.encode())]

    def _refuse(self, topic: str, reason: str, now: datetime) -> None:
        log.warning("desk: refused a message on %s: %s", topic[:80], reason)
        self.store.note_refused(topic[:160], reason[:300], now)

    # -- requests and state --------------------------------------------------------------------------------

    def _request(self, where: Topic, payload: bytes, now: datetime) -> Replies:
        request = self._from(where, decode(Request, payload))
        nonce, last, registration = None, None, Registration.UNKNOWN
        if request.asks == "visit":
            nonce = self._random(NONCE_BYTES)
            with self.store.transaction():
                self.store.issue_nonce(nonce, where.kiosk, now)
                if request.patient_key is not None:
                    registration = self.store.registration(request.patient_key)
                    if self._remember is not None:
                        last = self.store.last_consents(request.patient_key, now - self._remember)
        response = Response(
            site=where.site,
            kiosk=where.kiosk,
            request_id=request.request_id,
            nonce=base64.b64encode(nonce).decode() if nonce else None,
            last_consents=last,
            registration=registration,
        )
        return [(str(Topic(where.site, where.kiosk, Channel.RESPONSE)), response.encode())]

    def _state(self, where: Topic, payload: bytes, now: datetime) -> Replies:
        if not payload:
            return []  # a retained message was cleared
        state = self._from(where, decode(State, payload))
        before = self.store.kiosk_state(state.kiosk)
        self.store.set_state(state, now)
        self._on_change("kiosks")
        returned = state.online and (before is None or not before.online)
        return [self.set_staff_codes(state.kiosk, self._staff_codes(), now)] if returned else []

    # -- what staff note about a patient -------------------------------------------------------------------

    def revoke_consents(self, result_id: uuid.UUID, operator: str, now: datetime) -> bool:
        """Forget what the patient of this result agreed to, to ask anew. False when nothing was kept."""
        row = self._patient_of(result_id)
        if row is None or not self.store.revoke_consents(row[1]):
            return False
        self.store.audit(operator, "revokeConsents", now, row[0], str(result_id))
        return True

    def note_registration(self, result_id: uuid.UUID, operator: str, now: datetime, state: Registration) -> bool:
        """Note whether the patient of this result has 健康保険証利用登録. False when the patient is not known."""
        row = self._patient_of(result_id)
        if row is None:
            return False
        self.store.set_registration(row[1], state, now)
        self.store.audit(operator, "noteRegistration", now, row[0], f"{state.value} {result_id}")
        return True

    def _patient_of(self, result_id: uuid.UUID) -> tuple[str, str] | None:
        """Return (kiosk, patient key) of a stored result, None where there is none."""
        row = self.store.result(result_id)
        if row is None or row.message.patient_key is None:
            return None
        return row.message.kiosk, row.message.patient_key

    # -- orders --------------------------------------------------------------------------------------------

    def start_visual_check(
        self, kiosk: str, operator: str, reason: VisualReason, now: datetime, seconds: float = 180.0
    ) -> tuple[str, bytes]:
        """Return the order that arms 目視確認 for one patient; it is on the audit log when this returns."""
        self.store.audit(operator, "startVisualCheck", now, kiosk, reason.value)
        return self._order(
            kiosk, now, action="startVisualCheck", operator=operator, reason=reason, visual_check_s=seconds
        )

    def stop_visual_check(self, kiosk: str, operator: str, now: datetime) -> tuple[str, bytes]:
        """Return the order that switches 目視確認 off."""
        self.store.audit(operator, "stopVisualCheck", now, kiosk)
        return self._order(kiosk, now, action="stopVisualCheck", operator=operator)

    def decide(self, kiosk: str, operator: str, same_person: bool, now: datetime) -> tuple[str, bytes]:
        """Return the operator's decision after comparing photo and person."""
        self.store.audit(operator, "decide", now, kiosk, "samePerson" if same_person else "otherPerson")
        return self._order(kiosk, now, action="decide", operator=operator, same_person=same_person)

    def set_staff_codes(self, kiosk: str, codes: tuple[StaffCode, ...], now: datetime) -> tuple[str, bytes]:
        """Return the order that replaces a kiosk's staff codes (hashes only)."""
        return self._order(kiosk, now, action="setStaffCodes", staff_codes=codes, lifetime_s=600.0)

    def _order(self, kiosk: str, now: datetime, **content: object) -> tuple[str, bytes]:
        command = Command.model_validate(
            {"site": self.site, "kiosk": kiosk, "command_id": uuid7(now), "issued_at": now, **content}
        )
        return str(Topic(self.site, kiosk, Channel.COMMAND)), command.encode()
