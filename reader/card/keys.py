"""Public keys as card data objects: RSA 90 = exponent, 91 = modulus; EC 86 = uncompressed point (ISO/IEC 7816-8)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from reader.card import tlv
from reader.card.errors import MalformedData
from reader.card.signatures import PublicKey

_EXPONENT, _MODULUS, _POINT = 0x90, 0x91, 0x86


def parse_public_key(data: bytes) -> PublicKey:
    """Return the key. Raises MalformedData for anything but RSA of 2048..4096 bits or a point on P-384."""
    parts = {found.tag: data[found.value_start : found.end] for found in tlv.objects(data, 0, len(data))}
    if _POINT in parts:
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), parts[_POINT])
        except ValueError:
            raise MalformedData("the key is no point on P-384") from None
    if _EXPONENT not in parts or _MODULUS not in parts:
        raise MalformedData("a public key without exponent or modulus")
    exponent = int.from_bytes(parts[_EXPONENT], "big")
    modulus = int.from_bytes(parts[_MODULUS], "big")
    if not 2048 <= modulus.bit_length() <= 4096 or exponent.bit_length() > 32:
        raise MalformedData(f"an RSA key of {modulus.bit_length()} bits")
    try:
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        raise MalformedData("the RSA key makes no sense") from None


def encode_public_key(key: PublicKey) -> bytes:
    """The inverse of ``parse_public_key``."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        exponent = numbers.e.to_bytes(3, "big")
        modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        return bytes([_EXPONENT, 3]) + exponent + bytes([_MODULUS, 0x82]) + len(modulus).to_bytes(2, "big") + modulus
    numbers_ec = key.public_numbers()
    size = (key.curve.key_size + 7) // 8
    point = b"\x04" + numbers_ec.x.to_bytes(size, "big") + numbers_ec.y.to_bytes(size, "big")
    return bytes([_POINT, len(point)]) + point
