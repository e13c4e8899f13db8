"""Nothing outside pipeline/heads knows a head by name, but the networks that have it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from pipeline.heads import HEADS

ROOT = Path(__file__).resolve().parents[3]
ROOMS = [head.room for head in HEADS.values()]
# a room of which head-like names are those of labels: COCO's fields, arrays of a prepared split, label formats
LABELS = ("collect", "validate", "split", "prepare", "augment", "synthetic", "scoring")
#: what else may say such a name, and what it means there
ALLOWED = {
    "pipeline/annotations.py": {"class"},  # a column of the annotation table
    "pipeline/registry/criteria/signature.py": {"keypoints"},  # of the category in a package's manifest
    "pipeline/grid/mean_label.py": {"keypoints"},  # an array of a prepared split, and of the answers
    "pipeline/evaluate/judged_split.py": {"keypoints"},  # COCO's field
    "pipeline/package/disturbed/check.py": {"keypoints"},  # what is measured, which is measured on keypoints alone
    "pipeline/train/temporal/tracks.py": {"keypoints"},  # what a temporal model learns, which is of keypoints alone
    "pipeline/review/paired.py": {"keypoints"},  # the differences of each keypoint
    "pipeline/review/tiles.py": {"keypoints"},  # what is drawn
}


def sources() -> Iterator[Path]:
    """What must not know: not the heads themselves, nor the networks."""
    for path in sorted([*ROOT.glob("pipeline/**/*.py"), *ROOT.glob("flows/**/*.py")]):
        room = path.relative_to(ROOT).parts[1]
        if room not in ("heads", "models", *LABELS):
            yield path


def names_in(tree: ast.Module) -> set[str]:
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and n.value in HEADS}


def rooms_in(tree: ast.Module) -> set[str]:
    """Modules of a head's room that are imported."""
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return {module for module in modules for room in ROOMS if f"{module}.".startswith(f"{room}.")}


def test_no_name_of_a_head_outside_of_its_room() -> None:
    found = {}
    for path in sources():
        tree, name = ast.parse(path.read_text()), path.relative_to(ROOT).as_posix()
        if strange := (names_in(tree) - ALLOWED.get(name, set())) | rooms_in(tree):
            found[name] = strange
    assert not found


def test_no_room_of_a_head_is_imported_by_the_rooms_below() -> None:
    below = [*ROOT.glob("pipeline/models/**/*.py"), *ROOT.glob("pipeline/scoring/**/*.py")]
    assert not {path: rooms for path in below if (rooms := rooms_in(ast.parse(path.read_text())))}


def test_a_name_and_a_room_would_be_found() -> None:
    tree = ast.parse("from pipeline.heads.box.training import TRAINING\nif 'keypoints' in network.heads: pass")
    assert names_in(tree) == {"keypoints"} and rooms_in(tree) == {"pipeline.heads.box.training"}
