"""The gate of the interface that consumers rely on."""

from typing import Any

from heelstrike.package.manifest import MODEL
from pipeline.registry.criteria.contest import Contest, Contestant, Verdict


def signature(contest: Contest) -> Verdict:
    """Passes if a consumer of the champion can use the challenger: same inputs, outputs, keypoints and measurement."""
    new = _interface(contest.challenger)
    if new["classes"] != contest.params.problem.classes:
        return False, f"has the classes {list(new['classes'])}, the problem {list(contest.params.problem.classes)}", {}
    if tuple(new["keypoints"]) != contest.params.problem.keypoints:
        return (
            False,
            f"has the keypoints {list(new['keypoints'])}, the problem {list(contest.params.problem.keypoints)}",
            {},
        )
    if contest.champion is None:
        return True, "the first champion: has the keypoints and classes of the problem", {}
    old = _interface(contest.champion)
    differing = [f"{key}: {old[key]} -> {new[key]}" for key in new if new[key] != old[key]]
    return not differing, "; ".join(differing) or "same as the champion's", {}


def _interface(contestant: Contestant) -> dict[str, Any]:
    """The parts of a package that a consumer relies on."""
    import onnx

    graph = onnx.load(contestant.folder / MODEL, load_external_data=False).graph

    def tensors(values: Any) -> list[tuple[str, str, int]]:
        types = onnx.TensorProto.DataType
        return sorted(
            (v.name, types.Name(v.type.tensor_type.elem_type), len(v.type.tensor_type.shape.dim)) for v in values
        )

    manifest = contestant.manifest
    return {
        "inputs": tensors(graph.input),
        "outputs": tensors(graph.output),
        "keypoints": manifest.category.keypoints,
        "classes": manifest.category.classes,
        "skeleton": manifest.category.skeleton,
        "measure": manifest.measure.name if manifest.measure else None,
    }
