"""Writes what is inside as CycloneDX 1.6: libraries, models, and the Debian packages it stands on."""

from __future__ import annotations

import json
import tomllib
import uuid
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any


def licence(distribution: Distribution) -> str:
    """Return a distribution's licence in its own words, as short as it says it."""
    metadata = distribution.metadata
    for field in ("License-Expression", "License"):
        values = metadata.get_all(field) or [""]
        value = str(values[0]).strip()
        if value and "\n" not in value and len(value) < 80:
            return value
    classifiers = [value for value in metadata.get_all("Classifier") or [] if value.startswith("License ::")]
    return " / ".join(value.rpartition(" :: ")[2] for value in classifiers) or "see its licence file"


def libraries(site_packages: Path) -> list[tuple[Distribution, str]]:
    """Return every library of a staged installation but kaopi, each with the library that carries it inside, or ""."""
    folders = {path.parent for path in site_packages.rglob("*.dist-info")}
    found = [
        (item, "" if folder == site_packages else folder.relative_to(site_packages).parts[0])
        for folder in folders
        for item in distributions(path=[str(folder)])
        if item.metadata["Name"] != "kaopi"
    ]
    return sorted(found, key=lambda pair: (pair[0].metadata["Name"].lower(), pair[1]))


def library(distribution: Distribution, carrier: str, hashes: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return one component. hashes: the lock's SHA-256 of the files it may have come from, by name."""
    name, version = distribution.metadata["Name"], distribution.version
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name.lower()}@{version}" + (f"#{carrier}" if carrier else ""),
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower()}@{version}",
        "licenses": [{"license": {"name": licence(distribution)}}],
    }
    known = hashes.get(name.lower().replace("_", "-"), ())
    if carrier:
        component["properties"] = [{"name": "kaopi:carried-by", "value": carrier}]
    elif known:
        component["properties"] = [{"name": "kaopi:locked", "value": value} for value in known]
    return component


def models(manifest: Path) -> list[dict[str, Any]]:
    """Return the face models as components, with hash and licence."""
    data = tomllib.loads(manifest.read_text(encoding="utf-8"))
    return [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{name}",
            "name": name,
            "version": data["packages"][entry["package"]]["version"],
            "description": entry["what"],
            "hashes": [{"alg": "SHA-256", "content": entry["sha256"]}],
            "licenses": [{"license": {"name": entry["licence"]}}],
            "properties": [
                {"name": "kaopi:package", "value": data["packages"][entry["package"]]["name"]},
                {"name": "kaopi:registry", "value": data["packages"][entry["package"]]["registry"]},
            ],
        }
        for name, entry in data["models"].items()
    ]


def fonts(folder: Path) -> list[dict[str, Any]]:
    """Return the fonts that ship, each with the licence file beside it."""
    return [
        {
            "type": "file",
            "bom-ref": f"font:{file.name}",
            "name": file.name,
            "licenses": [{"license": {"id": "OFL-1.1"}}],
        }
        for file in sorted(folder.rglob("*"))
        if file.suffix in (".ttf", ".otf", ".woff", ".woff2")
    ]


def bill(
    site_packages: Path, manifest: Path, depends: list[str], hashes: dict[str, tuple[str, ...]], epoch: int
) -> dict[str, Any]:
    """Return the bill of materials of a staged installation. The same contents give the same text."""
    ours = next(item for item in distributions(path=[str(site_packages)]) if item.metadata["Name"] == "kaopi")
    components = [library(item, carrier, hashes) for item, carrier in libraries(site_packages)]
    components += models(manifest) + fonts(site_packages / "reader")
    components += [
        {"type": "operating-system", "bom-ref": f"deb:{name}", "name": name, "purl": f"pkg:deb/debian/{name}"}
        for name in depends
    ]
    text = json.dumps(components, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).isoformat().replace("+00:00", "Z"),
            "component": {
                "type": "firmware",
                "bom-ref": "kaopi",
                "name": "kaopi",
                "version": ours.version,
                "licenses": [{"license": {"id": "MIT"}}],
            },
        },
        "components": components,
        "dependencies": [{"ref": "kaopi", "dependsOn": [component["bom-ref"] for component in components]}],
    }
