"""The dossier of a version: what it must hold, and that no text of others gets out of its place."""

import json
import re

from pipeline.registry.dossier.bill import bill_of_materials
from pipeline.registry.dossier.page import write_dossier
from pipeline.registry.promote import promote
from tests.pipeline.registry.test_criteria import params
from tests.worlds import World


def test_one_file_with_decision_history_digests_and_the_bill(world: World) -> None:
    version = world.candidate(1)
    decision = world.decision(version, None, "slices")
    gate = decision.gates[0].model_copy(update={"reason": "<script>alert(1)</script>"})
    decision = decision.model_copy(update={"gates": (gate, *decision.gates[1:])})
    promote(world.root, decision)
    path = world.root / "rearfoot-1.html"
    write_dossier(world.root, "rearfoot", 1, params(), path)
    page = path.read_text()
    for text in (version.package, decision.evidence, "Failed: slices.", "refused", "not the champion", "Digests"):
        assert text in page
    assert "<script>alert" not in page
    assert re.findall(r"(?:src|href)=", page) == []
    bill = json.loads(page.split('id="bill-of-materials">')[1].split("</script>")[0])
    assert bill["metadata"]["component"]["hashes"][0]["content"] == version.package


def test_the_bill_lists_each_package_once_with_its_address() -> None:
    bill = bill_of_materials("rearfoot", "3", "f" * 64, "2026-11-28T00:00:00Z")
    names = [part["name"] for part in bill["components"]]
    assert len(names) == len(set(names)) and {"numpy", "torch", "opencv-python-headless"} <= set(names)
    numpy = next(part for part in bill["components"] if part["name"] == "numpy")
    assert numpy["purl"] == f"pkg:pypi/numpy@{numpy['version']}"
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill == bill_of_materials("rearfoot", "3", "f" * 64, "2026-11-28T00:00:00Z")
