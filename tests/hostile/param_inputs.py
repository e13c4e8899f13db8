"""Hostile params.yaml: YAML that is none or means something else, names, numbers that cannot be meant."""

from collections.abc import Callable
from pathlib import Path

from tests.hostile.checks import Input

GOOD = (Path(__file__).parents[1] / "e2e" / "params.yaml").read_text()
RIGHT = {"problems": ["rearfoot"], "epochs": 3, "keypoints": 6, "category": "lower_legs"}

Make = Callable[[Path], Path]


def content(text: str | bytes) -> Make:
    """A params.yaml of this content."""

    def make(folder: Path) -> Path:
        path = folder / "params.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


def replaced(old: str, new: str) -> Make:
    """The good file with one text instead of another."""
    assert old in GOOD, old
    return content(GOOD.replace(old, new))


def named(name: str) -> Make:
    """The good file with the problem named so, in YAML's own writing."""
    return content(GOOD.replace("problems: [rearfoot]", f"problems: [{name}]").replace("\nrearfoot:", f"\n{name}:", 1))


def keypoint(name: str) -> Make:
    """The good file with one keypoint named so, in YAML's own writing."""
    return replaced("left_shank", name)


def _bomb() -> str:
    """Lists of lists by aliases: 9^8 names from a page of YAML."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefg", "bcdefgh", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
    return "\n".join(lines) + "\n"


YAML = [
    Input("as it should be", content(GOOD), RIGHT),
    Input("zero bytes", content(""), None, "problems"),
    Input("a list", content("- a\n- b\n"), None, "problems"),
    Input("a bare text", content("rearfoot"), None, "problems"),
    Input("256 different bytes", content(bytes(range(256))), None, "YAML|UTF-8"),
    Input("Latin 1", content(GOOD.replace("lower_legs", "lydka_é").encode("latin-1")), None, "YAML|UTF-8"),
    Input("UTF-16", content(GOOD.encode("utf-16")), RIGHT, "YAML|UTF-8"),
    Input("a byte order mark", content(b"\xef\xbb\xbf" + GOOD.encode()), RIGHT),
    Input("tabulators", replaced("  problem:\n", "\tproblem:\n"), None, "not valid YAML"),
    Input("3 000 brackets", content("problems: [rearfoot]\nrearfoot: " + "[" * 3000 + "]" * 3000), None, r"params\.yaml"),
    Input("a bomb of aliases", content(_bomb() + GOOD), None, "does not list|alias"),
    Input("an alias of itself", content("problems: [rearfoot]\nrearfoot: &a [*a]\n"), None, "rearfoot|alias"),
    Input("a Python object", replaced("category: lower_legs", "category: !!python/object/apply:os.getcwd []"), None, "YAML|tag"),
    Input("a tag of its own", replaced("category: lower_legs", "category: !secret x"), None, "YAML|tag"),
    Input("two documents", content(GOOD + "---\n" + GOOD), None, "not valid YAML|document"),
    Input("a section twice", content(GOOD + "\nrearfoot: {problem: {keypoints: [a]}}\n"), None, "rearfoot.*twice|duplicate"),
    Input("a key of a section twice", replaced("  gates: {}", "  gates: {max_rmse_px: 1.0}\n  gates: {}"), None, "gates.*twice|duplicate"),
    Input("a key of a nested mapping twice", replaced("seed: 1}", "seed: 1, seed: 2}"), None, "seed.*twice|duplicate"),
    Input("the list of problems twice", content(GOOD + "\nproblems: [rearfoot]\n"), None, "problems.*twice|duplicate"),
    Input("a section that is null", content("problems: [rearfoot]\nrearfoot: null\n"), None, "rearfoot"),
    Input("a section that is a list", content("problems: [rearfoot]\nrearfoot: [1, 2]\n"), None, "rearfoot"),
    Input("a section that is missing", content(GOOD.replace("  gates: {}\n", "")), None, r"rearfoot\.gates"),
    Input("a number of 5 000 digits", replaced("subjects: 8", "subjects: " + "9" * 5000), None, r"params\.yaml"),
    Input("a key that is a list", content(GOOD + "\n? [a, b]\n: c\n"), None, r"params\.yaml"),
]  # fmt: skip

NAMES = [
    Input("a problem called ..", named("'..'"), None, "name"),
    Input("a problem with a slash", named("'a/b'"), None, "name"),
    Input("a problem with a line break", named('"a\\n"'), None, "name"),
    Input("a problem without a name", named("''"), None, "name"),
    Input("a problem with an endless name", named("a" * 300), None, "name|long"),
    Input("a problem that begins with a dash", named("'-a'"), None, "name"),
    Input("a problem called raw, a folder of ours", named("raw"), None, "raw"),
    Input("a problem called inbox, a folder of ours", named("inbox"), None, "inbox"),
    Input("a problem called predict, a folder of ours", named("predict"), None, "predict"),
    Input("a problem called problems", replaced("problems: [rearfoot]", "problems: [problems]"), None, "problems"),
    Input("a problem that is a number", named("1"), {"problems": ["1"]}, "1|name"),
    Input("a problem that is null", replaced("problems: [rearfoot]", "problems: [null]"), None, "null|None|name"),
    Input("a problem twice", replaced("problems: [rearfoot]", "problems: [rearfoot, rearfoot]"), None, "twice"),
    Input("two problems that differ in case", content(
        GOOD.replace("problems: [rearfoot]", "problems: [rearfoot, Rearfoot]") + "\nRearfoot:" + GOOD.split("rearfoot:", 1)[1]), None, "case|capitals"),
    Input("a keypoint in other writings", content(GOOD.replace("left_shank", "łydka_左")), RIGHT, "łydka_左"),
    Input("a keypoint without a name", keypoint("''"), None, "keypoints|name"),
    Input("a keypoint of blanks", keypoint("'  '"), None, "keypoints|name"),
    Input("a keypoint with a line break", keypoint('"a\\nb"'), None, "keypoints|name"),
    Input("a keypoint with an escape of the terminal", keypoint('"a\\x1b[31m"'), None, "keypoints|name"),
    Input("a keypoint with a path", keypoint("'../../x'"), RIGHT, "keypoints|name"),
    Input("a keypoint with a quote, which MLflow refuses", keypoint('"N\'"'), RIGHT, "keypoints|name"),
    Input("a keypoint with a comma, which MLflow refuses", keypoint('"a, b"'), RIGHT, "keypoints|name"),
    Input("a keypoint of 300 letters", keypoint("a" * 300), None, "keypoints|name|long"),
    Input("a keypoint twice", replaced("left_ankle, left_heel, right_shank", "left_heel, left_heel, right_shank"), None, "left_heel|twice|keypoints"),
    Input("left and right without flip pairs", replaced("    flip_pairs: [[left_shank, right_shank], [left_ankle, right_ankle], [left_heel, right_heel]]\n", ""), None, "flip_pairs"),
    Input("a category that is a line break", replaced("lower_legs", '"a\\nb {{7*7}} | x"'), {"problems": ["rearfoot"]}, "category"),
    Input("a category that is a date", replaced("lower_legs", "2026-01-01"), None, "category"),
    Input("a category that YAML reads as false", replaced("lower_legs", "no"), None, "category"),
]  # fmt: skip

NUMBERS = [
    Input("epochs of 0", replaced("epochs: 3", "epochs: 0"), None, "epochs"),
    Input("epochs of -1", replaced("epochs: 3", "epochs: -1"), None, "epochs"),
    Input("epochs of 2.5", replaced("epochs: 3", "epochs: 2.5"), None, "epochs"),
    Input("epochs of true", replaced("epochs: 3", "epochs: true"), None, "epochs"),
    Input("epochs that are text", replaced("epochs: 3", "epochs: '3'"), RIGHT, "epochs"),
    Input("epochs of 26 digits", replaced("epochs: 3", "epochs: " + "9" * 26), None, "epochs"),
    Input("a learning rate that is infinite", replaced("batch_size: 8", "batch_size: 8\n    lr: .inf"), None, "lr"),
    Input("a learning rate that is NaN", replaced("batch_size: 8", "batch_size: 8\n    lr: .nan"), None, "lr"),
    Input("a learning rate of 1e400", replaced("batch_size: 8", "batch_size: 8\n    lr: 1e400"), None, "lr"),
    Input("a batch that is a word", replaced("batch_size: 8", "batch_size: eight"), None, "batch_size"),
    Input("a margin that is NaN", replaced("box_buffer_px: 20", "box_buffer_px: .nan"), None, "box_buffer_px"),
    Input("a margin that is infinite", replaced("box_buffer_px: 20", "box_buffer_px: .inf"), None, "box_buffer_px"),
    Input("a share of the split that is NaN", replaced("val: 0.25", "val: .nan"), None, "val"),
    Input("shares of the split above 1", replaced("val: 0.25, test: 0.25", "val: 0.9, test: 0.9"), None, "val|test"),
    Input("a seed of -5", replaced("seed: 1}", "seed: -5}"), None, "seed"),
    Input("a seed that no generator takes", replaced("seed: 1}", "seed: 4294967296}"), None, "seed"),
    Input("a seed of 20 digits", replaced("seed: 1}", "seed: " + "9" * 20 + "}"), None, "seed"),
    Input("a sigma of -1", replaced("sigmas: 0.025", "sigmas: -1"), None, "sigmas"),
    Input("an input of 4 096 000 pixels a side", replaced("width: 128", "width: 4096000"), None, "width"),
    Input("trials of -1", replaced("trials: 2", "trials: -1"), None, "trials"),
    Input("a window of -3", replaced("images: 16,", "images: 16, window: -3,"), None, "window"),
    Input("a space of search upside down", replaced("low: 0.001, high: 0.004", "low: 0.004, high: 0.001"), None, "low|high"),
    Input("a space of search of an unknown setting", replaced("train.lr:", "train.nothing:"), None, "nothing"),
    Input("a logarithmic space of search from 0", replaced("low: 0.001", "low: 0"), None, "low"),
    Input("labels by an absolute path", replaced('labels: "**/labels.csv"', 'labels: "/etc/*"'), None, "labels"),
    Input("labels above the data", replaced('labels: "**/labels.csv"', 'labels: "../../../**/*.csv"'), None, "labels"),
    Input("an unknown key", replaced("batch_size: 8", "batchsize: 8"), None, r"batchsize.*unknown"),
    Input("an unknown kind of source", replaced("kind: csv", "kind: excel"), None, "excel"),
    Input("an unknown network", replaced("name: spatial", "name: resnet9000"), None, "resnet9000"),
    Input("a network whose name is a list", replaced("name: spatial", "name: [spatial]"), None, "there is no .*spatial"),
]  # fmt: skip

INPUTS = [*YAML, *NAMES, *NUMBERS]
