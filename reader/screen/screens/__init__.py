"""One file per screen, named like its step: what it says and which layout it takes. No pixels here."""

from __future__ import annotations

from typing import Final

from reader.screen.screens import (
    card_pulled,
    consent,
    consent_again,
    done,
    expiry_notice,
    face,
    face_again,
    face_given_up,
    factory_reset,
    idle,
    out_of_service,
    pin_checking,
    pin_entry,
    pin_last_try,
    prescription,
    reading_card,
    referred,
    registration,
    reseat_card,
    staff_called,
    staff_code,
    staff_corner,
    starting,
    storing,
    thanks,
    visual_check,
)
from reader.screen.screens.screen import Screen
from reader.session.vocabulary import Step

#: The screen of every step; a step without one fails the tests.
SCREENS: Final[dict[Step, Screen]] = {
    Step.CARD_PULLED: card_pulled.SCREEN,
    Step.CONSENT: consent.SCREEN,
    Step.CONSENT_AGAIN: consent_again.SCREEN,
    Step.DONE: done.SCREEN,
    Step.EXPIRY_NOTICE: expiry_notice.SCREEN,
    Step.FACE: face.SCREEN,
    Step.FACE_AGAIN: face_again.SCREEN,
    Step.FACE_GIVEN_UP: face_given_up.SCREEN,
    Step.FACTORY_RESET: factory_reset.SCREEN,
    Step.IDLE: idle.SCREEN,
    Step.OUT_OF_SERVICE: out_of_service.SCREEN,
    Step.PIN_CHECKING: pin_checking.SCREEN,
    Step.PIN_ENTRY: pin_entry.SCREEN,
    Step.PIN_LAST_TRY: pin_last_try.SCREEN,
    Step.PRESCRIPTION: prescription.SCREEN,
    Step.READING_CARD: reading_card.SCREEN,
    Step.REFERRED: referred.SCREEN,
    Step.REGISTRATION: registration.SCREEN,
    Step.RESEAT_CARD: reseat_card.SCREEN,
    Step.STAFF_CALLED: staff_called.SCREEN,
    Step.STAFF_CODE: staff_code.SCREEN,
    Step.STAFF_CORNER: staff_corner.SCREEN,
    Step.STARTING: starting.SCREEN,
    Step.STORING: storing.SCREEN,
    Step.THANKS: thanks.SCREEN,
    Step.VISUAL_CHECK: visual_check.SCREEN,
}
