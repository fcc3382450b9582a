"""What a generation of My Number Cards looks like: names of applications, files and keys, limits, algorithms.

Callers never write a file number: they ask the profile. Source: myna-card (MIT),
measured on J-LIS test cards; JICSAP 2.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reader.card.deny import assert_permitted
from reader.card.signatures import RSA_PKCS1_SHA256, SignatureScheme


@dataclass(frozen=True, slots=True)
class JpkiFiles:
    """公的個人認証AP: DF name and the EF numbers kaopi reads or refers to (each 0x01..0x1E, usable as short id)."""

    aid: bytes
    token: int
    availability: int
    certificate: int
    key: int
    pin: int


@dataclass(frozen=True, slots=True)
class CardFaceFiles:
    """券面事項確認AP: DF name, the card-face file, its CV certificate and the key that 照合番号B opens."""

    aid: bytes
    card_face: int
    cv_certificate: int
    number_b: int


@dataclass(frozen=True, slots=True)
class CardProfile:
    """One generation of cards.

    scheme: algorithm of authentication and presence keys. own_token, old_tokens, phone_tokens: what the first 32
    bytes of the token file say, blanks stripped. number_b_floor: fewest tries left at which 照合番号B is still tried.
    read_budget_s: seconds of card time after which a card counts as too slow.
    """

    name: str
    jpki: JpkiFiles
    face: CardFaceFiles
    scheme: SignatureScheme = RSA_PKCS1_SHA256
    own_token: str = "JPKIAPICCTOKEN2"  # noqa: S105 - the name of a card kind, no secret
    old_tokens: frozenset[str] = frozenset({"JPKIAPICCTOKEN"})
    phone_tokens: frozenset[str] = frozenset({"JPKIAPGPSETOKEN", "JPKIAPIOSTOKEN"})
    number_b_floor: int = 5
    read_budget_s: float = 20.0
    readable: dict[bytes, frozenset[int]] = field(init=False)
    secrets: dict[bytes, frozenset[int]] = field(init=False)
    signing: dict[bytes, frozenset[int]] = field(init=False)

    def __post_init__(self) -> None:
        """Raises ForbiddenCommand when the profile names something kaopi must never touch."""
        jpki, face = self.jpki, self.face
        put = object.__setattr__
        put(
            self,
            "readable",
            {
                jpki.aid: frozenset({jpki.token, jpki.availability, jpki.certificate}),
                face.aid: frozenset({face.card_face, face.cv_certificate}),
            },
        )
        put(self, "secrets", {jpki.aid: frozenset({jpki.pin}), face.aid: frozenset({face.number_b})})
        # Reference 0 stands for the card-face application's own key, which needs no file (802A 0000).
        put(self, "signing", {jpki.aid: frozenset({jpki.key}), face.aid: frozenset({0})})
        for table in (self.readable, self.secrets, self.signing):
            for aid, numbers in table.items():
                for number in numbers:
                    assert_permitted(aid, number)


MY_NUMBER_CARD = CardProfile(
    name="My Number Card (2016)",
    jpki=JpkiFiles(
        aid=bytes.fromhex("D392F000260100000001"),
        token=0x06,
        availability=0x08,
        certificate=0x0A,
        key=0x17,
        pin=0x18,
    ),
    face=CardFaceFiles(
        aid=bytes.fromhex("D3921000310001010402"),
        card_face=0x02,
        cv_certificate=0x04,
        number_b=0x12,
    ),
)
"""Cards issued since 2016-01."""
