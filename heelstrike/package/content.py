"""Checks that the parts of a package fit together. Matching hashes only show that no file has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heelstrike.heads.registry import HEADS
from heelstrike.heads.shapes import Shape
from heelstrike.measure.build import build_measure
from heelstrike.package.manifest import Manifest

INPUT = "image"
"""Name of the graph's only input: an RGB image (height, width, 3) of uint8, of any size."""

_NUMBERS = {f"tensor({name})" for name in ("float", "double", "int32", "int64")}


@dataclass(frozen=True)
class Tensor:
    """An input or an output of a graph.

    Attributes:
        type: ONNX Runtime's name of the type, for instance `tensor(uint8)`.
        shape: Lengths; a name or `None` means any length.
    """

    type: str
    shape: Shape


def heads_of(manifest: Manifest, outputs: Mapping[str, Tensor]) -> dict[str, tuple[str, ...]]:
    """Return the graph's outputs by head. For a manifest without `heads` (version 2), heads are found by outputs."""
    return manifest.heads or {name: head.outputs for name, head in HEADS.items() if set(head.outputs) <= set(outputs)}


def check_content(manifest: Manifest, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> list[str]:
    """Return a sentence for each thing that does not fit together in a package; empty if everything fits."""
    findings = [*_category(manifest), *_measure(manifest), *_radii(manifest), *_input(inputs)]
    heads = heads_of(manifest, outputs)
    named = [name for names in heads.values() for name in names]
    if sorted(named) != sorted(outputs):
        return [*findings, f"the manifest's heads have the outputs {sorted(named)}, the graph has {sorted(outputs)}"]
    shapes = {name: tensor.shape for name, tensor in outputs.items()}
    for name, head in HEADS.items():
        if name in heads and heads[name] != head.outputs:
            findings.append(f"the head {name} has the outputs {list(heads[name])}, expected {list(head.outputs)}")
        elif name in heads:
            findings += head.check_shapes(manifest.category, shapes)
            types = {output: outputs[output].type for output in head.outputs}
            findings += [f"output {o!r} is a {t}, expected numbers" for o, t in types.items() if t not in _NUMBERS]
    if manifest.measure is not None and "keypoints" not in heads:
        findings.append(f"{manifest.measure.name} is measured on keypoints, but the graph has no keypoints")
    if manifest.zoom is not None and "keypoints" not in heads:
        findings.append("zoom looks for keypoints at every size, but the graph has no keypoints")
    return findings


def _category(manifest: Manifest) -> list[str]:
    category = manifest.category
    count, findings = len(category.keypoints), []
    for field, names in (("keypoints", category.keypoints), ("classes", category.classes)):
        if len(set(names)) != len(names):
            findings.append(f"category.{field} has a name twice: {list(names)}")
    outside = [list(pair) for pair in category.skeleton if not all(1 <= number <= count for number in pair)]
    if outside:
        findings.append(f"category.skeleton joins {outside}, but keypoints are numbered 1 to {count}")
    unknown = sorted({name for pair in manifest.flip_pairs for name in pair} - set(category.keypoints))
    if unknown:
        findings.append(f"flip_pairs names {unknown}, which are no keypoints")
    return findings


def _measure(manifest: Manifest) -> list[str]:
    """Check that the measure's keypoints exist, and that it has the quantities that the radii give half-widths for."""
    settings, names = manifest.measure, manifest.category.keypoints
    if settings is None:
        return []
    missing = {key: sorted(set(points) - set(names)) for key, points in settings.named.items()}
    findings = [f"measure.{key} names {points}, which are no keypoints" for key, points in missing.items() if points]
    if findings or manifest.radii is None:
        return findings
    measure = build_measure(settings, names, manifest.confidence)
    unknown = sorted(set(manifest.radii.quantities) - set(measure.quantities if measure else ()))
    return [f"radii.quantities names {unknown}, which {settings.name} does not measure"] if unknown else []


def _radii(manifest: Manifest) -> list[str]:
    radii, count = manifest.radii, len(manifest.category.keypoints)
    if radii is None:
        return []
    findings = []
    if len(radii.factors) != count:
        findings.append(f"radii.factors has {len(radii.factors)} numbers, but there are {count} keypoints")
    confidences = [confidence for confidence, _ in radii.difficulty]
    if confidences != sorted(confidences):
        findings.append("radii.difficulty is not in order of rising confidence")
    return findings


def _input(inputs: Mapping[str, Tensor]) -> list[str]:
    tensor = inputs.get(INPUT)
    fits = tensor is not None and tensor.type == "tensor(uint8)" and _is_image(tensor.shape)
    if list(inputs) == [INPUT] and fits:
        return []
    described: Any = {name: (each.type, list(each.shape)) for name, each in inputs.items()}
    return [f"the graph has the inputs {described}, expected one {INPUT!r} of tensor(uint8), [height, width, 3]"]


def _is_image(shape: Shape) -> bool:
    """Return True for a shape of any height and width and three channels."""
    return len(shape) == 3 and not any(isinstance(side, int) for side in shape[:2]) and shape[2] == 3
