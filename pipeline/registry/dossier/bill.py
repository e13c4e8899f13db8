"""A software bill of materials in the format CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/)."""

import re
import uuid
from importlib.metadata import Distribution, distributions
from typing import Any

_MOST_LICENSE = 100  # characters: some packages put the whole text where its name belongs


def bill_of_materials(name: str, version: str, digest: str, time: str) -> dict[str, Any]:
    """The installed Python packages, as the parts of a model.

    Args:
        name: Name of the registered model.
        version: Its version.
        digest: SHA-256 of its package.
        time: Time of the bill, UTC, ISO 8601.
    """
    parts = {_normal(part.metadata["Name"]): part for part in distributions() if part.metadata["Name"]}
    components = [_component(part_name, part) for part_name, part in sorted(parts.items())]
    identity = "\n".join([digest, *(component["purl"] for component in components)])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, identity)}",
        "version": 1,
        "metadata": {
            "timestamp": time,
            "component": {
                "type": "machine-learning-model",
                "name": name,
                "version": version,
                "hashes": [{"alg": "SHA-256", "content": digest}],
            },
        },
        "components": components,
    }


def _component(name: str, part: Distribution) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": part.version,
        "purl": f"pkg:pypi/{name}@{part.version}",
    }
    about = part.metadata.json
    license_name = str(about.get("license_expression") or about.get("license") or "")
    if license_name and len(license_name) <= _MOST_LICENSE:
        entry["licenses"] = [{"license": {"name": " ".join(license_name.split())}}]
    return entry


def _normal(name: str) -> str:
    """Return a package's name as indexes write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
