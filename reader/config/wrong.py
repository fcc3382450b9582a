"""What a settings check complains with: in English for terminals and journals, in Japanese for the kiosk's screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: pydantic's own kinds of complaint; {name} is filled from what it tells about the case.
_OF_PYDANTIC: Final = {
    "missing": "ここに「{key}」が要ります。書き足してください。",
    "string_pattern_mismatch": "使えない文字があるか、長さが合いません。"
    "名前は小文字の英字・数字・ハイフンで32文字までです。",
    "string_too_long": "長すぎます。{max_length}文字までにしてください。",
    "string_too_short": "短すぎます。{min_length}文字以上にしてください。",
    "string_type": '文字で書いてください（"" で囲みます）。',
    "too_long": "多すぎます。{max_length}個までにしてください。",
    "too_short": "足りません。{min_length}個以上書いてください。",
    "literal_error": "使える値は {expected} です。どれかにしてください。",
    "enum": "使える値は {expected} です。どれかにしてください。",
    "bool_type": "true か false と書いてください。",
    "bool_parsing": "true か false と書いてください。",
    "int_type": "整数で書いてください。",
    "int_parsing": "整数で書いてください。",
    "int_from_float": "整数で書いてください。",
    "float_type": "数字で書いてください。",
    "float_parsing": "数字で書いてください。",
    "greater_than": "{gt} より大きい値にしてください。",
    "greater_than_equal": "{ge} 以上の値にしてください。",
    "less_than": "{lt} より小さい値にしてください。",
    "less_than_equal": "{le} 以下の値にしてください。",
    "time_parsing": "時刻は 03:00 のように書いてください。",
    "ip_v4_address": "IPアドレスは 192.168.1.20 のように書いてください。",
    "tuple_type": '一覧で書いてください。例：["ja", "en"]',
    "dict_type": "見出し（[名前]）の下に書いてください。",
    "model_type": "見出し（[名前]）の下に書いてください。",
}
_ANY: Final = "ここに書ける値ではありません。書ける値は docs/config.md にあります。"


class Wrong(ValueError):
    """A value that a rule of ours refuses. what: English, ``reason: remedy``. japanese: both, as whole sentences."""

    def __init__(self, what: str, japanese: str) -> None:
        super().__init__(what)
        self.japanese = japanese


def unknown_key(key: str, close: str | None) -> str:
    """Return the sentence about a key that is none."""
    hint = f"「{close}」ではありませんか。" if close else "つづりを確かめるか、この行を消してください。"
    return f"「{key}」という項目はありません。{hint}"


def in_japanese(kind: str, key: str, context: Mapping[str, Any]) -> str:
    """Return the sentence for a complaint of pydantic. kind: its ``type``; context: its ``ctx``."""
    error = context.get("error")
    if isinstance(error, Wrong):
        return error.japanese
    words = _OF_PYDANTIC.get(kind, _ANY)
    for name, value in {**context, "key": key}.items():
        words = words.replace("{" + name + "}", str(value))
    return words
