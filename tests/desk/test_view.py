"""The figures of the day, and words for everything a kiosk can say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hw_sim.clinic.morning import ready
from hw_sim.clinic.results import KIOSK, RECORDS, SITE, face_record, message_of, refused_record
from hypothesis import given
from hypothesis import strategies as st

from reader.desk.figures import BINS_S, FACE_FAILURES, day_start, figures
from reader.desk.service import DeskService
from reader.desk.store import Check, Store, StoredResult
from reader.desk.view import (
    _CERTIFICATES,
    _CHECKS,
    _SERVICES,
    _SHORT,
    CONSENTS,
    PARTS,
    REASONS,
    failure_words,
    page_view,
    watch_of,
)
from reader.session.failures import Failure
from reader.session.vocabulary import CertificateState, Consent, Method, Outcome, Part, Step, VisualReason
from reader.uplink.messages import Health, HealthFinding, ResultMessage, Service, will
from reader.uplink.topics import Channel, Topic

NOW = datetime(2026, 2, 21, 3, 0, tzinfo=UTC)


def stored(message: ResultMessage, check: Check = "notApplicable") -> StoredResult:
    return StoredResult(1, NOW, check, message, None, None)


def test_every_word_a_kiosk_can_send_has_words_here() -> None:
    assert set(_CERTIFICATES) == set(CertificateState)
    assert set(_SERVICES) == set(Service)
    assert set(PARTS) == set(Part)
    assert set(REASONS) == set(VisualReason)
    assert set(CONSENTS) == set(Consent)
    assert set(_SHORT) == set(FACE_FAILURES)
    assert set(_CHECKS) == {"notApplicable", "ok", "localNonce", "bad", "unknownNonce"}


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_has_words_and_a_remedy(failure: Failure) -> None:
    text, remedy, _ = failure_words(failure.value)
    assert text
    assert remedy


def test_a_failure_of_a_newer_kiosk_is_still_told() -> None:
    assert "K999" in failure_words("K999")[0]


@given(st.lists(st.tuples(st.sampled_from(sorted(RECORDS)), st.floats(0.1, 400)), max_size=40))
def test_the_figures_add_up(visits: list[tuple[str, float]]) -> None:
    rows = [
        stored(message_of(RECORDS[name](), NOW).model_copy(update={"started_at": NOW - timedelta(seconds=took)}))
        for name, took in visits
    ]
    found = figures(rows)
    accepted = [took for name, took in visits if name.startswith("accepted")]
    assert found.visits == sum(found.outcomes.values()) == len(visits)
    assert sum(found.methods.values()) == sum(found.seconds) == found.outcomes[Outcome.ACCEPTED] == len(accepted)
    assert len(found.seconds) == len(BINS_S) + 1
    if accepted:
        assert found.median_s is not None
        assert found.p90_s is not None
        assert min(accepted) - 0.001 <= found.median_s <= found.p90_s <= max(accepted) + 0.001
    else:
        assert (found.median_s, found.p90_s) == (None, None)


def test_face_failures_are_counted_by_reason() -> None:
    rows = [stored(message_of(replace(refused_record(), failure=failure), NOW)) for failure in
            (Failure.FACE_LIGHT, Failure.FACE_LIGHT, Failure.FACE_NOT_LIVE, Failure.PIN_LOCKED)]  # fmt: skip
    assert figures(rows).failures == {Failure.FACE_NOT_LIVE: 1, Failure.FACE_LIGHT: 2}


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2026, 2, 21, 14, 59, tzinfo=UTC), datetime(2026, 2, 20, 15, 0, tzinfo=UTC)),
        (datetime(2026, 2, 21, 15, 0, tzinfo=UTC), datetime(2026, 2, 21, 15, 0, tzinfo=UTC)),
    ],
)
def test_the_day_begins_at_midnight_in_japan(now: datetime, start: datetime) -> None:
    assert day_start(now) == start


@pytest.mark.parametrize(("check", "tone"), [("bad", "bad"), ("unknownNonce", "bad"), ("localNonce", "info")])
def test_a_signature_that_does_not_hold_comes_first(check: Check, tone: str) -> None:
    watch = watch_of(stored(message_of(face_record(), NOW), check))
    assert watch[0].tone == tone


def test_an_ordinary_patient_needs_no_watching() -> None:
    assert watch_of(stored(message_of(face_record(), NOW), "ok")) == ()


def test_a_request_to_register_is_something_to_do() -> None:
    watch = watch_of(stored(message_of(replace(face_record(), registration_requested=True), NOW)))
    assert [one.text for one in watch] == ["健康保険証の利用登録を希望しています"]


def test_a_kiosk_that_is_gone_is_shown_as_gone(service: DeskService, store: Store) -> None:
    where = str(Topic(SITE, KIOSK, Channel.STATE))
    service.handle(where, ready(KIOSK, NOW).encode(), NOW)
    service.handle(where, will(SITE, KIOSK).encode(), NOW)
    (kiosk,) = page_view(store, NOW, {}).kiosks
    assert (kiosk.online, kiosk.status) == (False, "つながっていません")


def test_a_forgotten_card_is_the_first_thing_about_a_kiosk(service: DeskService, store: Store) -> None:
    state = ready(KIOSK, NOW).model_copy(
        update={"card_left": True, "step": Step.DONE, "missing": {Part.CLOCK: Failure.CLOCK_UNSYNCED}}
    )
    service.handle(str(Topic(SITE, KIOSK, Channel.STATE)), state.encode(), NOW)
    (kiosk,) = page_view(store, NOW, {}).kiosks
    assert "置き忘れ" in kiosk.watch[0].text
    assert kiosk.tone == "watch"


def test_what_the_kiosks_doctor_found_is_something_to_do(service: DeskService, store: Store) -> None:
    state = ready(KIOSK, NOW).model_copy(update={"missing": {Part.CLOCK: Failure.CLOCK_UNSYNCED}})
    service.handle(str(Topic(SITE, KIOSK, Channel.STATE)), state.encode(), NOW)
    found = [
        HealthFinding(code="disk", title="空き容量", condition="fault", remedy="SDカードを交換してください。"),
        HealthFinding(code="updates", title="更新の確認", condition="attention", remedy="更新を入れてください。"),
        HealthFinding(code="clock", title="時計", condition="attention", remedy="時刻サーバーを確認してください。"),
    ]
    health = Health(site=SITE, kiosk=KIOSK, at=NOW, software="kaopi", uptime_s=1.0, findings=tuple(found))
    service.handle(str(Topic(SITE, KIOSK, Channel.HEALTH)), health.encode(), NOW)
    (kiosk,) = page_view(store, NOW, {}).kiosks
    assert [(watch.text, watch.tone) for watch in kiosk.watch[1:]] == [
        ("空き容量：SDカードを交換してください。", "bad"),
        ("更新の確認：更新を入れてください。", "watch"),
    ]
    assert "時計" in kiosk.watch[0].text, "one line about the clock, not two"


def test_yesterdays_patients_are_not_on_the_page(service: DeskService, store: Store) -> None:
    where = str(Topic(SITE, KIOSK, Channel.RESULT))
    service.handle(where, message_of(face_record(), NOW - timedelta(days=1)).encode(), NOW - timedelta(days=1))
    service.handle(where, message_of(face_record(), NOW).encode(), NOW)
    page = page_view(store, NOW, {})
    assert [patient.number for patient in page.patients] == [1]
    assert [bar.value for bar in page.methods] == [1, 0, 0]
    assert len(page.methods) == len(Method)
