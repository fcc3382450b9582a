"""Digits live in one wiped buffer; staff codes lock after five wrong tries in ten minutes."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.kiosk.pad import MAX_DIGITS, Pad
from reader.kiosk.patient_keys import PatientKeys
from reader.kiosk.staff import TRIES, WINDOW_S, StaffCodes, StaffHash


def hashed(operator: str, code: bytes) -> StaffHash:
    salt = operator.encode().ljust(16, b"-")
    made = hashlib.scrypt(code, salt=salt, n=1024, r=8, p=1, dklen=32)
    return StaffHash(operator, base64.b64encode(salt).decode(), base64.b64encode(made).decode(), 1024, 8, 1)


def test_a_closed_pad_takes_no_digit() -> None:
    pad = Pad()
    pad.press(1)
    assert len(pad) == 0


@given(st.lists(st.integers(0, 9), max_size=20))
def test_a_pin_pad_holds_at_most_four_digits_in_order(digits: list[int]) -> None:
    pad = Pad()
    pad.open("pin")
    for digit in digits:
        pad.press(digit)
    wanted = "".join(map(str, digits[: MAX_DIGITS["pin"]])).encode()
    assert bytes(pad.take()) == wanted
    assert len(pad) == 0


def test_what_was_typed_is_overwritten_when_the_pad_closes() -> None:
    pad = Pad()
    pad.open("pin")
    for digit in (7, 3, 9, 1):
        pad.press(digit)
    buffer = pad._digits
    pad.close()
    assert bytes(buffer) == bytes(4)
    assert "7391" not in repr(pad)


def test_backspace_takes_back_one_digit_and_clear_all() -> None:
    pad = Pad()
    pad.open("staff", tuple(range(10)))
    for digit in (1, 2, 3):
        pad.press(digit)
    pad.backspace()
    assert len(pad) == 2
    pad.clear()
    pad.backspace()
    assert len(pad) == 0
    assert pad.order == tuple(range(10))


def test_a_pad_key_is_a_digit() -> None:
    with pytest.raises(ValueError, match="0 to 9"):
        Pad().press(10)


def test_a_staff_code_names_its_operator_and_is_wiped(tmp_path: Path) -> None:
    codes = StaffCodes(tmp_path / "staff.json")
    codes.replace((hashed("op1", b"111222"), hashed("op2", b"246810")))
    typed = bytearray(b"246810")
    assert StaffCodes(tmp_path / "staff.json").check(typed, 0.0) == "op2"
    assert typed == bytes(6)
    assert (tmp_path / "staff.json").stat().st_mode & 0o077 == 0


def test_five_wrong_codes_lock_for_ten_minutes(tmp_path: Path) -> None:
    codes = StaffCodes(tmp_path / "staff.json")
    codes.replace((hashed("op1", b"111222"),))
    for number in range(TRIES):
        assert codes.check(bytearray(b"000000"), float(number)) is None
    assert codes.tries_left(TRIES) == 0
    assert codes.check(bytearray(b"111222"), TRIES) is None, "locked: even the right one"
    assert codes.check(bytearray(b"111222"), WINDOW_S + TRIES) == "op1"
    assert codes.check(bytearray(), 0.0) is None


def test_a_returning_patient_is_known_by_a_key_only_this_kiosk_can_make(tmp_path: Path) -> None:
    keys = PatientKeys(tmp_path / "a" / "patient.key")
    again = PatientKeys(tmp_path / "a" / "patient.key")
    other = PatientKeys(tmp_path / "b" / "patient.key")
    assert keys.of(b"certificate") == again.of(b"certificate")
    assert keys.of(b"certificate") != other.of(b"certificate")
    assert keys.of(b"certificate") != keys.of(b"certificate of another")
    assert "***" in repr(keys)
    assert (tmp_path / "a" / "patient.key").stat().st_mode & 0o077 == 0


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "patient.key").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"patient\.key is damaged"):
        PatientKeys(tmp_path / "patient.key")
