"""Operators: names, passwords and staff codes, kept as scrypt hashes only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reader.desk.operators import OperatorError, Operators, main
from reader.desk.passwords import hash_secret, secret_matches, staff_code
from reader.desk.store import Store

NOW = datetime(2026, 2, 21, 3, 0, tzinfo=UTC)
GOOD = "long enough for anyone"


def test_a_hash_matches_its_secret_only_and_never_twice_the_same() -> None:
    first, second = hash_secret("secret"), hash_secret("secret")
    assert first != second
    assert secret_matches("secret", first)
    assert not secret_matches("Secret", first)


@pytest.mark.parametrize("damaged", ["", "scrypt", "md5$1$1$1$a$b", "scrypt$x$8$1$YQ==$YQ==", "scrypt$32768$8$1$*$*"])
def test_a_damaged_hash_matches_nothing(damaged: str) -> None:
    assert not secret_matches("secret", damaged)


def test_a_staff_code_goes_to_the_kiosk_with_its_parameters() -> None:
    code = staff_code("uketsuke-1", hash_secret("280519"))
    assert (code.operator, code.n, code.r, code.p) == ("uketsuke-1", 32_768, 8, 1)


def test_names_are_compared_as_people_read_them(store: Store) -> None:
    operators = Operators(store)
    operators.add("ｓａｔｏ ", GOOD, NOW)
    assert store.operators() == ["sato"]
    assert operators.check("ｓａｔｏ", GOOD, NOW)


@pytest.mark.parametrize(("name", "password"), [("", GOOD), ("x" * 33, GOOD), ("a\x00b", GOOD), ("sato", "short")])
def test_poor_names_and_passwords_are_refused(store: Store, name: str, password: str) -> None:
    with pytest.raises(OperatorError):
        Operators(store).add(name, password, NOW)
    assert store.operators() == []


def test_five_failures_lock_a_name_for_ten_minutes(store: Store) -> None:
    operators = Operators(store)
    operators.add("sato", GOOD, NOW)
    for _ in range(5):
        assert not operators.check("sato", "wrong", NOW)
    assert not operators.check("sato", GOOD, NOW + timedelta(minutes=9))
    assert operators.check("sato", GOOD, NOW + timedelta(minutes=11))


def test_a_disabled_operator_has_no_password_and_no_code(store: Store) -> None:
    operators = Operators(store)
    operators.add("sato", GOOD, NOW)
    operators.set_code("sato", "280519", NOW)
    assert store.disable_operator("sato", NOW)
    assert not operators.check("sato", GOOD, NOW)
    assert operators.codes() == ()
    with pytest.raises(OperatorError, match="登録"):
        operators.set_code("sato", "280519", NOW)


def test_the_command_adds_lists_and_disables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = str(tmp_path / "d.db")
    assert main([database, "add", "sato"], ask=lambda _: GOOD) == 0
    assert main([database, "add", "suzuki"], ask=lambda _: "short") == 2
    assert "10文字以上" in capsys.readouterr().err
    assert main([database, "list"]) == 0
    assert capsys.readouterr().out == "sato\n"
    assert main([database, "disable", "sato"]) == 0
    assert main([database, "disable", "nobody"]) == 2
    assert GOOD.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
