"""What the kiosk makes of the desk's messages: events for the session. Validated again here, on the kiosk's side."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from datetime import datetime
from typing import Final

from reader.session.events import DeskReplied, StaffDecided, VisualCheckCancelled, VisualCheckOrdered
from reader.uplink.messages import Command, Response, StaffCode, last_consents_of

_REMEMBERED: Final = 256
_SKEW_S: Final = 30.0  # kiosk's and clinic PC's clocks may differ by this much

Ordered = VisualCheckOrdered | VisualCheckCancelled | StaffDecided


class Orders:
    """Turns commands into session events, each command once and only while it is fresh."""

    def __init__(self) -> None:
        self._seen: OrderedDict[uuid.UUID, None] = OrderedDict()

    def fresh(self, command: Command, *, wall: datetime, clock_synced: bool) -> bool:
        """Return whether this command may still be obeyed: not seen before, and not older than its lifetime.

        With an unset clock age cannot be told; the link never lets the broker keep a command, so it is taken.
        """
        if command.command_id in self._seen:
            return False
        self._seen[command.command_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        age = (wall - command.issued_at).total_seconds()
        return not clock_synced or -_SKEW_S <= age <= command.lifetime_s + _SKEW_S

    def event(self, command: Command, *, at: float, wall: datetime, clock_synced: bool) -> Ordered | None:
        """Return the event of a fresh command, None of a stale, repeated or other one.

        at: monotonic seconds now. Staff codes are no session event: see ``staff_codes``.
        """
        if command.action == "setStaffCodes" or not self.fresh(command, wall=wall, clock_synced=clock_synced):
            return None
        if command.action == "stopVisualCheck":
            return VisualCheckCancelled(at)
        assert command.operator is not None
        if command.action == "decide":
            assert command.same_person is not None
            return StaffDecided(at, operator=command.operator, same_person=command.same_person)
        assert command.reason is not None
        return VisualCheckOrdered(
            at, operator=command.operator, reason=command.reason.value, expires_at=at + command.visual_check_s
        )

    def staff_codes(self, command: Command, *, wall: datetime, clock_synced: bool) -> tuple[StaffCode, ...] | None:
        """Return the codes of a fresh setStaffCodes, None otherwise."""
        if command.action != "setStaffCodes" or not self.fresh(command, wall=wall, clock_synced=clock_synced):
            return None
        return command.staff_codes


def desk_replied(response: Response, *, at: float, visit: int) -> DeskReplied:
    """Return the event of the desk's answer about the patient of ``visit``."""
    return DeskReplied(
        at,
        visit=visit,
        last_consents=last_consents_of(response),
        registration=response.registration,
    )
