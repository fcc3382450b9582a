"""The kiosk's side of the bridge: questions and reports to the desk, orders and answers from it, checked again here."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable

from reader.kiosk.clock import Clock
from reader.kiosk.staff import StaffCodes, StaffHash
from reader.session import events as ev
from reader.session.failures import Failure
from reader.session.state import Session
from reader.session.vocabulary import Part
from reader.uplink.bridge import (
    AlertReport,
    Ask,
    HealthReport,
    Hello,
    KioskBridge,
    LinkState,
    Order,
    Reply,
    StateReport,
    Wake,
)
from reader.uplink.ids import uuid7
from reader.uplink.messages import Command, Health, Request, Response, alert_from, state_from
from reader.uplink.orders import Orders, desk_replied

STATE_EVERY_S = 10.0


class DeskLink:
    """Speaks to the uplink process. Nothing that matters rests on an answer."""

    def __init__(
        self,
        bridge: KioskBridge,
        staff: StaffCodes,
        clock: Clock,
        report: Callable[[ev.Event], None],
        *,
        site: str,
        kiosk: str,
        clock_synced: Callable[[], bool] = lambda: False,
    ) -> None:
        self._orders = Orders()
        self._clock_synced = clock_synced
        self._bridge = bridge
        self._staff = staff
        self._clock = clock
        self._report = report
        self._site = site
        self._kiosk = kiosk
        self._asked: tuple[uuid.UUID, int] | None = None
        self._nonce: tuple[int, bytes] | None = None
        self._desk: bool | None = None
        self._last_state: tuple[object, ...] | None = None
        self._state_at = float("-inf")

    def wake(self) -> None:
        """A result is in the outbox."""
        self._bridge.send(Wake())

    def ask(self, visit: int, patient_key: str | None) -> None:
        """Ask for a nonce, last consents and registration; the answer comes by ``poll``, or never."""
        request_id = uuid7(self._clock.wall())
        self._asked = (request_id, visit)
        self._nonce = None
        request = Request(
            site=self._site, kiosk=self._kiosk, request_id=request_id, asks="visit", patient_key=patient_key
        )
        self._bridge.send(Ask(request=request))

    def nonce(self, visit: int) -> bytes | None:
        """Return the desk's nonce for this visit, or None if it gave none; good for one use."""
        if self._nonce is None or self._nonce[0] != visit:
            return None
        nonce, self._nonce = self._nonce[1], None
        return nonce

    def alert(self, failure: Failure) -> None:
        """Tell staff."""
        alert = alert_from(failure, site=self._site, kiosk=self._kiosk, now=self._clock.wall())
        self._bridge.send(AlertReport(alert=alert))

    def health(self, health: Health) -> None:
        """Report figures."""
        self._bridge.send(HealthReport(health=health))

    def state(self, session: Session, now: float) -> None:
        """Report the state when it changed, and every ten seconds while a visual check counts down."""
        seen = (session.step, session.visual, dict(session.missing), session.card_left_stage > 0)
        due = session.visual is not None and now - self._state_at >= STATE_EVERY_S
        if seen == self._last_state and not due:
            return
        self._last_state, self._state_at = seen, now
        state = state_from(session, site=self._site, kiosk=self._kiosk, now=self._clock.wall())
        self._bridge.send(StateReport(state=state))

    def poll(self, now: float) -> None:
        """Turn what came in into facts."""
        for note in self._bridge.poll():
            match note:
                case Hello():
                    self._last_state = None
                case Order(command=command):
                    self._order(command, now)
                case Reply(response=response):
                    self._reply(response, now)
                case LinkState():
                    self._link(note, now)

    def _link(self, link: LinkState, now: float) -> None:
        if link.desk is not self._desk:
            self._desk = link.desk
            self._report(ev.PartChanged(now, Part.DESK, None if link.desk else Failure.DESK_AWAY))

    def _reply(self, response: Response, now: float) -> None:
        if self._asked is None or response.request_id != self._asked[0]:
            return
        visit = self._asked[1]
        if response.nonce is not None:
            self._nonce = (visit, base64.b64decode(response.nonce))
        self._report(desk_replied(response, at=now, visit=visit))

    def _order(self, command: Command, now: float) -> None:
        if command.site != self._site or command.kiosk != self._kiosk:
            return
        wall, synced = self._clock.wall(), self._clock_synced()
        if command.action == "setStaffCodes":
            codes = self._orders.staff_codes(command, wall=wall, clock_synced=synced)
            if codes is not None:
                self._staff.replace(tuple(StaffHash(c.operator, c.salt, c.hash, c.n, c.r, c.p) for c in codes))
            return
        event = self._orders.event(command, at=now, wall=wall, clock_synced=synced)
        if event is not None:
            self._report(event)

    def close(self) -> None:
        """Let go of the socket."""
        self._bridge.close()
