"""Cards by name: what a clinic meets in a year, and what an attacker brings.

``persona(name, today)`` makes a fresh card; dates are laid relative to ``today``, so a persona never goes stale.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from hw_sim.card import jp2
from hw_sim.card.authority import STRANGER, tlv
from hw_sim.card.content import CardContent, build_card, card_face_file, jpki_application
from hw_sim.card.testkeys import published_key
from hw_sim.card.virtual_card import ApplicationSpec, CardMute, EndStyle, FileSpec, Habits, SecretSpec, VirtualCard
from reader.card.deny import AID_JPKI, AID_RESIDENT
from reader.card.keys import encode_public_key
from reader.card.trust import months_after

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Persona:
    """A card and what one must know of it. extra_delay_s: added to every answer, for slow cards."""

    name: str
    card: VirtualCard
    content: CardContent | None = None
    extra_delay_s: float = 0.0


def base_content(today: datetime.date, photo: bytes | None = None) -> CardContent:
    """A woman of 35 with a card in good order."""
    content = CardContent(
        birth=_years_before(today, 35) - 40 * DAY,
        expiry=months_after(today, 72),
        certificate_from=months_after(today, -24),
        certificate_to=months_after(today, 30),
    )
    return content if photo is None else content.with_photo(photo)


def _years_before(day: datetime.date, years: int) -> datetime.date:
    return months_after(day, -12 * years)


Change = Callable[[CardContent, datetime.date], CardContent]


def _birth(years: int, extra_days: int = 40) -> Change:
    return lambda content, today: replace(content, birth=_years_before(today, years) - extra_days * DAY)


def _born(year: int, month: int, day: int) -> Change:
    return lambda content, today: replace(content, birth=datetime.date(year, month, day))


def _ends(days: int = 0, months: int = 0) -> Change:
    def change(content: CardContent, today: datetime.date) -> CardContent:
        return replace(content, certificate_to=months_after(today, months) + days * DAY)

    return change


def _with(**values: object) -> Change:
    return lambda content, today: replace(content, **values)  # type: ignore[arg-type]


def _cut(keep: float) -> Callable[[bytes], bytes]:
    return lambda data: data[: int(len(data) * keep)]


def _flip(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _replace_birth(data: bytes, digits: bytes) -> bytes:
    at = data.index(b"\xdf\x22\x08") + 3
    return data[:at] + digits + data[at + 8 :]


def _append_birth(data: bytes) -> bytes:
    return tlv(0xFF20, data[5:-64] + tlv(0xDF22, b"19700101")) + b"\xff" * 8


def _hidden_photo(content: CardContent, today: datetime.date) -> CardContent:
    """Another portrait inside an unsigned field, and an offset table that leads there."""
    hidden = tlv(0xDF27, other_portrait())

    def hide(fields: list[bytes]) -> list[bytes]:
        return [*fields, tlv(0xDF3F, hidden)]

    whole = card_face_file(replace(content, tamper_fields=hide))
    return replace(content, tamper_fields=hide, offsets=(0, 0, 0, 0, 0, whole.index(hidden), 0, 0, 0))


def _weak_key(fields: list[bytes]) -> list[bytes]:
    modulus = ((1 << 1023) + 1).to_bytes(128, "big")
    weak = tlv(0x90, b"\x01\x00\x01") + tlv(0x91, modulus)
    return [*fields[:2], tlv(0xDF24, weak), *fields[3:]]


def _stranger_key(fields: list[bytes]) -> list[bytes]:
    key = encode_public_key(published_key("clone").public_key())
    return [*fields[:2], tlv(0xDF24, key), *fields[3:]]


def _nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = tlv(0xFF20, inner)
    return inner


def bare_codestream() -> bytes:
    """A portrait without its JP2 container."""
    whole = jp2.encode(jp2.placeholder())
    return whole[whole.index(bytes.fromhex("FF4FFF51")) :]


def _flip_cv(data: bytes) -> bytes:
    return _flip(-1 % len(data))(data)


def other_portrait() -> bytes:
    """A photo that is not the one the issuer signed."""
    return jp2.encode(np.ascontiguousarray(jp2.placeholder()[:, ::-1] // 2 + 60))


def bomb(kind: str) -> bytes:
    """Hostile JPEG 2000: "size" claims huge dimensions, "components" 4096 of them, "random" is noise, "empty" nothing.

    "truncated" is cut in the middle, "tiles" has a million tiles, "depth" 38-bit samples, "png" is another format.
    """
    good = bytearray(jp2.encode(jp2.placeholder()))
    siz = good.index(bytes.fromhex("FF4FFF51")) + 4
    match kind:
        case "size":
            for at in (siz + 4, siz + 8, siz + 20, siz + 24):
                good[at : at + 4] = (60_000).to_bytes(4, "big")
            ihdr = good.index(b"ihdr") + 4
            good[ihdr : ihdr + 8] = (60_000).to_bytes(4, "big") * 2
        case "components":
            good[siz + 36 : siz + 38] = (4096).to_bytes(2, "big")
        case "tiles":
            for at in (siz + 20, siz + 24):
                good[at : at + 4] = (1).to_bytes(4, "big")
        case "depth":
            good[siz + 38] = 37
        case "truncated":
            del good[len(good) // 2 :]
            del good[siz + 60 :]
        case "random":
            return bytes((index * 167 + (index >> 3) * 59) & 0xFF for index in range(4000))
        case "empty":
            return b""
        case "png":
            buffer = io.BytesIO()
            Image.fromarray(jp2.placeholder()).save(buffer, "PNG")
            return buffer.getvalue()[:30_000]
        case _:
            raise KeyError(kind)
    return bytes(good)


def colour_photo() -> bytes:
    """A colour portrait, which no card should hold but any decoder can."""
    grey = jp2.placeholder()
    return jp2.encode(np.dstack([grey, grey // 2 + 60, 255 - grey]), 9000)


def deep_photo() -> bytes:
    """A grey portrait of 16 bits per sample."""
    buffer = io.BytesIO()
    deep = jp2.placeholder().astype(np.uint16)[::2, ::2] * 257
    Image.fromarray(deep).save(buffer, "JPEG2000", irreversible=False)
    return buffer.getvalue()


BOMBS = ("size", "components", "tiles", "depth", "truncated", "random", "empty", "png")


def _bombed(kind: str) -> Change:
    return lambda content, today: replace(content, photo=bomb(kind))


_CHANGES: dict[str, tuple[Change, ...]] = {
    "normal": (),
    "child": (_birth(9), _with(has_signature_certificate=False)),
    "baby": (_birth(0, 20), _with(has_signature_certificate=False)),
    "over40": (_birth(52),),
    "birthday_40": (_birth(40, 0),),
    "eve_of_40": (_birth(40, -1),),
    "centenarian": (_birth(104),),
    "man": (_with(sex="1"),),
    "expiring": (_ends(days=30),),
    "expiring_first_day": (_ends(months=3),),
    "last_day_before_notice": (_ends(months=3, days=1),),
    "last_day": (_ends(),),
    "grace": (_ends(days=-20),),
    "grace_first_day": (_ends(days=-1),),
    "grace_last_day": (_ends(months=-3),),
    "expired": (_ends(months=-8),),
    "expired_first_day": (_ends(months=-3, days=-1),),
    "not_yet_valid": (lambda content, today: replace(content, certificate_from=today + 2 * DAY),),
    "no_certificate": (_with(has_certificate=False, has_signature_certificate=False),),
    "pin_locked": (_with(pin_tries=0),),
    "pin_locked_iso": (_with(pin_tries=0, habits=Habits(blocked_word=0x6983)),),
    "pin_last_try": (_with(pin_tries=1),),
    "pin_two_tries": (_with(pin_tries=2),),
    "face_card": (_with(has_signature_certificate=False, pin_tries=0),),
    "foreigner": (_with(foreigner=True),),
    "showa_64": (_born(1989, 1, 7),),
    "heisei_1": (_born(1989, 1, 8),),
    "heisei_31": (_born(2019, 4, 30),),
    "reiwa_1": (_born(2019, 5, 1),),
    "taisho_15": (_born(1926, 12, 24),),
    "showa_1": (_born(1926, 12, 25),),
    "leap_day": (_born(2000, 2, 29),),
    "tampered_photo": (lambda content, today: replace(content, tamper_photo=other_portrait()),),
    "tampered_date": (lambda content, today: replace(content, tamper_birth=content.birth - 365 * DAY),),
    "cloned": (_with(held_card_key="clone"),),
    "cloned_certificate": (_with(held_auth_key="auth-2"),),
    "stranger_ca": (_with(authority=STRANGER),),
    "forged_cv_certificate": (_with(tamper_cv_certificate=_flip_cv),),
    "no_cv_certificate": (_with(tamper_cv_certificate=lambda data: b"\xff" * 16),),
    "bad_certificate": (_with(tamper_certificate=_cut(0.4)),),
    "forged_certificate": (_with(tamper_certificate=lambda data: _flip(len(data) - 5)(data)),),
    "number_b_low": (_with(number_b_tries=4),),
    "number_b_floor": (_with(number_b_tries=5),),
    "number_b_locked": (_with(number_b_tries=0),),
    "no_short_ids": (_with(habits=Habits(short_ids=False)),),
    "short_ids_do_not_select": (_with(habits=Habits(sfi_selects=False)),),
    "small_chunks": (_with(habits=Habits(chunk=128)),),
    "end_by_warning": (_with(habits=Habits(end=EndStyle.WARNING)),),
    "end_by_6cxx": (_with(habits=Habits(end=EndStyle.WRONG_LE)),),
    "chained_answers": (_with(habits=Habits(chained=True)),),
    "silent_counter": (_with(habits=Habits(verified_says_9000=False)),),
    "leading_bytes": (_with(leading=b"\x00\x00"),),
    "no_filler": (_with(filler=0),),
    "wrong_offsets": (_with(offsets=tuple(range(9))),),
    "wild_offsets": (_with(offsets=(0xFFFF,) * 9),),
    "zero_offsets": (_with(offsets=(0,) * 9),),
    "truncated_face": (_with(filler=0, tamper_face=_cut(0.5)),),
    "face_one_byte_short": (_with(filler=0, tamper_face=lambda data: data[:-1]),),
    "face_all_filler": (_with(tamper_face=lambda data: b"\xff" * len(data)),),
    "face_length_bomb": (_with(tamper_face=lambda data: bytes.fromhex("FF2083FFFFFF") + data[6:]),),
    "face_indefinite_length": (_with(tamper_face=lambda data: bytes.fromhex("FF2080") + data[3:]),),
    "face_object_bomb": (_with(tamper_face=lambda data: tlv(0xFF20, b"\xdf\x22\x00" * 2000)),),
    "face_duplicate_field": (_with(tamper_face=_append_birth),),
    "face_bad_date": (_with(tamper_face=lambda data: _replace_birth(data, b"19801399")),),
    "face_future_birth": (lambda content, today: replace(content, birth=today + 3 * DAY),),
    "face_filler_between_fields": (_with(tamper_fields=lambda fields: [part + b"\xff" * 3 for part in fields]),),
    "face_other_order": (_with(tamper_fields=lambda fields: fields[::-1]),),
    "face_no_signature": (_with(tamper_fields=lambda fields: fields[:6] + fields[7:]),),
    "face_no_photo": (_with(tamper_fields=lambda fields: fields[:5] + fields[6:]),),
    "face_no_address": (_with(tamper_fields=lambda fields: fields[:4] + fields[5:]),),
    "face_short_signature": (_with(tamper_fields=lambda fields: [*fields[:6], tlv(0xDF28, bytes(16)), *fields[7:]]),),
    "face_unknown_field": (_with(tamper_fields=lambda fields: [*fields, tlv(0xDF3F, b"new")]),),
    "face_weak_key": (_with(tamper_fields=_weak_key),),
    "face_key_garbage": (_with(tamper_fields=lambda fields: [*fields[:2], tlv(0xDF24, bytes(40)), *fields[3:]]),),
    "face_nested_deep": (_with(tamper_face=lambda data: _nested(400)),),
    "tampered_name": (_with(tamper_fields=lambda fields: [*fields[:3], tlv(0xDF25, bytes(80)), *fields[4:]]),),
    "tampered_sex": (_with(tamper_fields=lambda fields: [fields[0], tlv(0xDF23, b"1"), *fields[2:]]),),
    "tampered_key": (_with(tamper_fields=_stranger_key),),
    "tampered_expiry": (_with(tamper_fields=lambda fields: [*fields[:7], tlv(0xDF29, b"20991231"), *fields[8:]]),),
    "no_counter_on_number_b": (_with(number_b_counts=False),),
    "certificate_needs_pin": (_with(certificate_needs_pin=True),),
    "certificate_is_garbage": (_with(tamper_certificate=lambda data: tlv(0x30, bytes(700))),),
    "certificate_length_bomb": (_with(tamper_certificate=lambda data: bytes.fromhex("3083FFFFFF") + data[5:]),),
    "certificate_before_its_ca": (_with(certificate_from=datetime.date(2014, 1, 1)),),
    "cv_certificate_cut": (_with(tamper_cv_certificate=_cut(0.5)),),
    "cv_certificate_of_nobody": (
        _with(tamper_cv_certificate=lambda data: data.replace(b"TEST-CV-ISSUER-1", b"\0" * 16)),
    ),
    "photo_bare_codestream": (lambda content, today: replace(content, photo=bare_codestream()),),
    "photo_with_tail": (lambda content, today: replace(content, photo=content.photo + bytes(64)),),
    "hidden_second_photo": (_hidden_photo,),
    "big_photo": (lambda content, today: replace(content, photo=_noise_photo()),),
    "colour_photo": (lambda content, today: replace(content, photo=colour_photo()),),
    "deep_photo": (lambda content, today: replace(content, photo=deep_photo()),),
    **{f"jp2_bomb_{kind}": (_bombed(kind),) for kind in BOMBS},
}


def _noise_photo() -> bytes:
    noise = np.random.default_rng(7).integers(0, 256, (400, 320), dtype=np.uint8)
    return jp2.encode((noise // 4 + 96).astype(np.uint8), 28_000)


class _Scripted(VirtualCard):
    """A card that is no card with files: it answers by rule."""

    def __init__(self, answer: Callable[[bytes], bytes], name: str) -> None:
        super().__init__({}, name=name)
        self._answer_to = answer

    def transmit(self, apdu: bytes) -> bytes:
        """Answer by rule; CardMute from the rule passes through."""
        return self._answer_to(apdu)


def _mute(apdu: bytes) -> bytes:
    raise CardMute("mute card")


def _says(data: str) -> Callable[[bytes], bytes]:
    answer = bytes.fromhex(data)
    return lambda apdu: answer


class _FallsSilent(VirtualCard):
    """Answers ``after`` commands, then nothing."""

    def __init__(self, inner: VirtualCard, after: int) -> None:
        super().__init__(inner.applications, atr=inner.atr, number_b=inner.number_b, name="falls_silent")
        self._left = after

    def transmit(self, apdu: bytes) -> bytes:
        """Count down."""
        if self._left <= 0:
            raise CardMute("the card fell silent")
        self._left -= 1
        return super().transmit(apdu)


def _token_only(token: str, name: str, applications: dict[bytes, ApplicationSpec] | None = None) -> VirtualCard:
    jpki = jpki_application(CardContent(token=token))
    return VirtualCard({AID_JPKI: jpki, **(applications or {})}, name=name)


def _resident_card() -> VirtualCard:
    resident = ApplicationSpec({0x01: FileSpec(b"\xff" * 32)}, {0x12: SecretSpec(b"0000", 3)})
    return _token_only("JPKIAPICCTOKEN", "resident_card", {AID_RESIDENT: resident})


def _emv() -> VirtualCard:
    pse = b"1PAY.SYS.DDF01"
    return VirtualCard({pse: ApplicationSpec({0x01: FileSpec(tlv(0x70, bytes(40)))})}, name="emv_card")


def _licence() -> VirtualCard:
    aid = bytes.fromhex("A0000002310100000000000000000000")
    return VirtualCard({aid: ApplicationSpec({0x01: FileSpec(bytes(64), frozenset({0x01}))})}, name="driving_licence")


def _no_face_application() -> VirtualCard:
    card = build_card(CardContent())
    return VirtualCard({AID_JPKI: card.applications[AID_JPKI]}, name="no_face_application")


def _selects_all() -> VirtualCard:
    return _Scripted(_says("9000"), "selects_everything")


_OTHERS: dict[str, Callable[[], VirtualCard]] = {
    "resident_card": _resident_card,
    "phone_android": lambda: _token_only("JPKIAPGPSETOKEN", "phone_android"),
    "phone_token": lambda: _token_only("JPKIAPIOSTOKEN", "phone_token"),
    "unknown_token": lambda: _token_only("SOMEOTHERTOKEN", "unknown_token"),
    "no_face_application": _no_face_application,
    "emv_card": _emv,
    "driving_licence": _licence,
    "blank_card": lambda: VirtualCard({}, name="blank_card"),
    "mute": lambda: _Scripted(_mute, "mute"),
    "refuses_all": lambda: _Scripted(_says("6F00"), "refuses_all"),
    "wrong_class": lambda: _Scripted(_says("6E00"), "wrong_class"),
    "selects_everything": _selects_all,
    "endless_61": lambda: _Scripted(_says("00" * 16 + "6110"), "endless_61"),
    "endless_6c": lambda: _Scripted(_says("6C10"), "endless_6c"),
}


def names() -> list[str]:
    """Every persona there is."""
    return sorted([*_CHANGES, *_OTHERS, "slow", "very_slow", "falls_silent", "falls_silent_late"])


def persona(name: str, today: datetime.date, photo: bytes | None = None, serial: int | None = None) -> Persona:
    """Make the card called ``name``. Raises KeyError for a name nobody knows.

    photo: JP2 bytes of its holder. serial: of its certificate, so that two cards of a kind are two patients'.
    """
    content = base_content(today, photo)
    if serial is not None:
        content = replace(content, serial=serial)
    if name in ("slow", "very_slow"):
        return Persona(name, build_card(content, name), content, 1.0 if name == "very_slow" else 0.06)
    if name in ("falls_silent", "falls_silent_late"):
        return Persona(name, _FallsSilent(build_card(content, name), 3 if name == "falls_silent" else 30), content)
    if name in _OTHERS:
        return Persona(name, _OTHERS[name]())
    if name not in _CHANGES:
        raise KeyError(f"no card called {name!r}; there are {', '.join(names())}")
    for change in _CHANGES[name]:
        content = change(content, today)
    return Persona(name, build_card(content, name), content)
