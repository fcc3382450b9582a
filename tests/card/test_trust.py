"""Certificates: windows of validity by the day, who issued them, and trust files that say what is wrong with them."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hw_sim.card.authority import P384_AUTHORITY, STRANGER, TEST_AUTHORITY, Authority
from hypothesis import given
from hypothesis import strategies as st

from reader.card import certificate, cv_certificate
from reader.card.signatures import ECDSA_P384_SHA384, RSA_PKCS1_SHA256
from reader.card.trust import TrustError, TrustStore, months_after
from reader.session.vocabulary import CertificateState

FROM, TO = datetime.date(2025, 2, 17), datetime.date(2030, 2, 17)


def parsed(authority: Authority = TEST_AUTHORITY, key: str = "auth-1") -> certificate.AuthenticationCertificate:
    return certificate.parse(authority.authentication_certificate(key, FROM, TO, 42))


@pytest.mark.parametrize(
    ("today", "state"),
    [
        ("2025-02-16", CertificateState.EXPIRED),
        ("2025-02-17", CertificateState.VALID),
        ("2029-11-16", CertificateState.VALID),
        ("2029-11-17", CertificateState.EXPIRING_SOON),
        ("2030-02-17", CertificateState.EXPIRING_SOON),
        ("2030-02-18", CertificateState.GRACE),
        ("2030-05-17", CertificateState.GRACE),
        ("2030-05-18", CertificateState.EXPIRED),
    ],
)
def test_state_by_the_day(today: str, state: CertificateState) -> None:
    assert parsed().state_on(datetime.date.fromisoformat(today)) is state


def test_days_are_days_in_japan() -> None:
    assert (parsed().not_before, parsed().not_after) == (FROM, TO)


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        ("2026-11-30", 3, "2027-02-28"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2026-05-31", -3, "2026-02-28"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2026-01-15", -1, "2025-12-15"),
    ],
)
def test_months_end_on_the_last_day_there_is(day: str, months: int, result: str) -> None:
    assert months_after(datetime.date.fromisoformat(day), months).isoformat() == result


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)), st.integers(-240, 240))
def test_months_count_in_the_calendar(day: datetime.date, months: int) -> None:
    result = months_after(day, months)
    assert (result.year * 12 + result.month) - (day.year * 12 + day.month) == months
    assert result.day <= day.day


@given(st.dates(datetime.date(2020, 1, 1), datetime.date(2035, 1, 1)))
def test_states_follow_each_other(today: datetime.date) -> None:
    order = [CertificateState.VALID, CertificateState.EXPIRING_SOON, CertificateState.GRACE, CertificateState.EXPIRED]
    if today >= FROM:
        later = parsed().state_on(today + datetime.timedelta(days=1))
        assert order.index(later) >= order.index(parsed().state_on(today))


def test_only_a_known_issuer_is_trusted() -> None:
    ours = TEST_AUTHORITY.trust_store()
    assert parsed().trusted_by(ours)
    assert not parsed(STRANGER).trusted_by(ours)
    assert not parsed().trusted_by(TrustStore())
    assert parsed(P384_AUTHORITY, "p384-auth").trusted_by(P384_AUTHORITY.trust_store())


def test_only_a_known_issuer_s_signers_are_trusted() -> None:
    ours = TEST_AUTHORITY.trust_store()
    assert ours.trusts_signer(cv_certificate.parse(TEST_AUTHORITY.cv_certificate()), RSA_PKCS1_SHA256)
    # Another key under the same issuer id, and the right key under another scheme.
    assert not ours.trusts_signer(cv_certificate.parse(STRANGER.cv_certificate()), RSA_PKCS1_SHA256)
    assert not ours.trusts_signer(cv_certificate.parse(TEST_AUTHORITY.cv_certificate()), ECDSA_P384_SHA384)
    assert not TrustStore().trusts_signer(cv_certificate.parse(TEST_AUTHORITY.cv_certificate()), RSA_PKCS1_SHA256)


def test_trust_files_are_read(tmp_path: Path) -> None:
    pem, json_text = TEST_AUTHORITY.trust_files()
    (tmp_path / "jpki.pem").write_text(pem)
    (tmp_path / "issuers.json").write_text(json_text)
    store = TrustStore.load(tmp_path / "jpki.pem", tmp_path / "issuers.json")
    assert parsed().trusted_by(store)
    assert store.trusts_signer(cv_certificate.parse(TEST_AUTHORITY.cv_certificate()), RSA_PKCS1_SHA256)
    assert TrustStore.load(None, None) == TrustStore()


@pytest.mark.parametrize("text", ["", "[]", '{"zz": ""}', '{"00": "no key"}', '{"' + "00" * 16 + '": 7}'])
def test_a_trust_file_that_cannot_be_used_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "issuers.json"
    path.write_text(text)
    with pytest.raises(TrustError, match=r"issuers\.json: no issuer keys"):
        TrustStore.load(None, path)
    with pytest.raises(TrustError, match=r"issuers\.json: no PEM certificates"):
        TrustStore.load(path, None)
    with pytest.raises(TrustError, match=r"nowhere\.pem"):
        TrustStore.load(tmp_path / "nowhere.pem", None)
