"""Which consents are asked, and what an answer means in official field names. 限度額 is never asked.

Sources: S004 (screens and the age of 40), DECISIONS: one question 診療・薬剤 covers two official consents.
"""

from __future__ import annotations

from collections.abc import Mapping

from reader.session.state import Session
from reader.session.vocabulary import CertificateState, Consent, ConsentItem

COVERS: dict[ConsentItem, tuple[Consent, ...]] = {
    ConsentItem.MEDICAL: (Consent.DIAGNOSIS, Consent.MEDICATION),
    ConsentItem.OPERATION: (Consent.OPERATION,),
    ConsentItem.HEALTH_CHECKUP: (Consent.HEALTH_CHECKUP,),
    ConsentItem.SPECIFIC_DISEASE: (Consent.SPECIFIC_DISEASE,),
}


def items_to_ask(session: Session) -> tuple[ConsentItem, ...]:
    """Return the questions for this patient, in screen order.

    特定疾病 is asked where the site requires it, or the patient says they use its certificate.
    In the grace period after expiry no information consent is possible (S000), so nothing is asked.
    健診 is asked from ``rules.checkup_age`` on; an unknown age (PIN without card face) counts as younger.
    """
    card, rules = session.card, session.rules
    if card.certificate_state not in (CertificateState.VALID, CertificateState.EXPIRING_SOON):
        return ()
    items = [ConsentItem.MEDICAL, ConsentItem.OPERATION]
    if card.age is not None and card.age >= rules.checkup_age:
        items.append(ConsentItem.HEALTH_CHECKUP)
    if rules.ask_specific_disease or session.uses_specific_disease:
        items.append(ConsentItem.SPECIFIC_DISEASE)
    return tuple(items)


def answers_from(last: Mapping[Consent, bool], items: tuple[ConsentItem, ...]) -> dict[ConsentItem, bool] | None:
    """Translate remembered consents into answers, or None when they do not answer every question asked now."""
    answers: dict[ConsentItem, bool] = {}
    for item in items:
        known = [last.get(consent) for consent in COVERS[item]]
        if None in known:
            return None
        answers[item] = all(known)
    return answers


def official(answers: Mapping[ConsentItem, bool]) -> dict[Consent, bool | None]:
    """Return every official consent: True, False, or None where it was not asked."""
    result: dict[Consent, bool | None] = dict.fromkeys(Consent)
    for item, answer in answers.items():
        for consent in COVERS[item]:
            result[consent] = answer
    return result
