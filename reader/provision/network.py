"""A NetworkManager connection in its keyfile format (nm-settings-keyfile(5))."""

from __future__ import annotations

import uuid

from reader.provision.schema import Network

_SPACE = uuid.UUID("7a9b7d50-62a8-4c5e-8d9c-6f1f6d0e4b51")


def keyfile(network: Network, kiosk: str) -> str:
    """Return the one connection of this kiosk. Same input, same text."""
    wifi = network.ssid is not None
    identity = uuid.uuid5(_SPACE, f"{kiosk} {network.ssid or 'cable'}")
    sections: dict[str, dict[str, str]] = {
        "connection": {
            "id": "kaopi",
            "uuid": str(identity),
            "type": "wifi" if wifi else "ethernet",
            "autoconnect-retries": "0",  # for ever: nobody is there to click
            "mdns": "1",  # finds reception.local, announces nothing
        }
    }
    if network.ssid is not None and network.passphrase is not None:
        # As bytes, so that no character of a name means anything else.
        sections["wifi"] = {"mode": "infrastructure", "ssid": "".join(f"{byte};" for byte in network.ssid.encode())}
        # The library calls both WPA2 and WPA3 personal by the older name.
        sections["wifi-security"] = {"key-mgmt": "wpa-psk", "psk": _escaped(network.passphrase)}
    if network.address is None:
        sections["ipv4"] = {"method": "auto"}
    else:
        gateway = f",{network.gateway}" if network.gateway is not None else ""
        sections["ipv4"] = {"method": "manual", "address1": network.address + gateway}
        if network.dns:
            sections["ipv4"]["dns"] = "".join(f"{server};" for server in network.dns)
    sections["ipv6"] = {"method": "auto", "ip6-privacy": "2"}
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in section.items())
        for name, section in sections.items()
    )


def _escaped(text: str) -> str:
    """Escape as GLib's key files do: backslashes, and spaces at the ends."""
    inner = text.replace("\\", "\\\\")
    bare = inner.strip(" ")
    before = len(inner) - len(inner.lstrip(" "))
    return "\\s" * before + bare + "\\s" * (len(inner) - len(bare) - before)
