"""What a stage runs, found in a small source tree."""

from pathlib import Path

import pytest

from heelstrike.errors import UserError
from pipeline.dependencies.closure import Closure, closure_of
from pipeline.dependencies.cover import code_deps
from pipeline.dependencies.source import SourceCode

BASE = {
    "heelstrike/__init__.py": "from heelstrike.predict import load\n",
    "heelstrike/predict.py": "",
    "heelstrike/errors.py": "class UserError(Exception): ...\n",
    "heelstrike/measure.py": "class MeasureSettings: ...\n",
    "pipeline/__init__.py": '"""Nothing but words."""\n',
    "pipeline/params.py": """
from typing import Annotated
from heelstrike.measure import MeasureSettings
from pipeline.train.settings import TrainSettings

class ProblemParams:
    training: Annotated[TrainSettings, Field(alias="train")] = TrainSettings()
    measure: MeasureSettings | None = None
""",
    "pipeline/train/__init__.py": "",
    "pipeline/train/settings.py": "class TrainSettings: ...\n",
    "pipeline/train/stage.py": "from heelstrike.errors import UserError\nfrom pipeline.params import ProblemParams\n",
    "pipeline/train/schedules.py": "rate = 1\n",
    "pipeline/train/fit.py": "from pipeline.train import schedules\n",
}


def closure(root: Path, stage: str = "") -> Closure:
    """The closure of `train`, whose stage.py holds this too."""
    for name, text in BASE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + (stage if name == "pipeline/train/stage.py" else ""))
    return closure_of(SourceCode(root), "train")


def files(root: Path, stage: str = "") -> set[str]:
    """What it runs beside its stage.py."""
    return set(closure(root, stage).files) - {"pipeline/train/stage.py"}


def test_a_stage_that_imports_nothing_runs_itself_alone(tmp_path: Path) -> None:
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    "stage",
    [
        "from pipeline.train import fit\n",
        "import pipeline.train.fit\n",
        "def run():\n    from pipeline.train.fit import Fit\n",
        "FITS = {'plain': 'pipeline.train.fit'}\n",
        "def run(name):\n    import_module(f'pipeline.{name}.fit')\n",
    ],
)
def test_every_way_to_import_is_followed_on_and_on(tmp_path: Path, stage: str) -> None:
    assert files(tmp_path, stage) == {"pipeline/train/fit.py", "pipeline/train/schedules.py"}


def test_what_only_type_checkers_import_is_not(tmp_path: Path) -> None:
    assert files(tmp_path, "if TYPE_CHECKING:\n    from pipeline.train.fit import Fit\n") == set()


def test_the_code_of_a_package_around_a_module_runs_with_it(tmp_path: Path) -> None:
    (tmp_path / "pipeline/heads/box").mkdir(parents=True)
    (tmp_path / "pipeline/heads/__init__.py").write_text("from pipeline.train import schedules\n")
    (tmp_path / "pipeline/heads/box/__init__.py").write_text("")
    assert files(tmp_path, "from pipeline.heads.box import BOX\n") == {
        "pipeline/heads/__init__.py",
        "pipeline/train/schedules.py",
    }


def test_settings_count_for_the_sections_that_the_code_reads(tmp_path: Path) -> None:
    read = closure(tmp_path, "def run(params):\n    return params.training.lr\n")
    assert read.sections == ("train",)
    assert read.files == {"pipeline/train/stage.py", "pipeline/train/settings.py"}
    read = closure(tmp_path, "def run(chosen: ProblemParams):\n    return chosen.measure\n")
    assert read.sections == ("measure",)
    assert read.files == {"pipeline/train/stage.py", "heelstrike/measure.py"}


@pytest.mark.parametrize(
    "stage", ["PAGE = 'page.j2'\n", "FOLDER = HERE / 'templates'\n", "def page(n): return f'{n}.j2'\n"]
)
def test_templates_that_the_code_names_and_those_they_include(tmp_path: Path, stage: str) -> None:
    templates = tmp_path / "pipeline/train/templates"
    templates.mkdir(parents=True)
    (templates / "page.j2").write_text("{% include 'style.css' %}")
    (templates / "style.css").write_text("")
    (tmp_path / "pipeline/other.yaml").write_text("")
    assert {Path(name).name for name in files(tmp_path, stage)} == {"page.j2", "style.css"}


@pytest.mark.parametrize("stage", ["import pkgutil\npkgutil.iter_modules()\n", "from .fit import Fit\n"])
def test_an_import_that_cannot_be_followed_is_refused(tmp_path: Path, stage: str) -> None:
    with pytest.raises(UserError, match=r"stage\.py"):
        closure(tmp_path, stage)


def test_a_folder_is_a_dep_where_half_of_it_runs(tmp_path: Path) -> None:
    some = closure(tmp_path)
    assert code_deps(SourceCode(tmp_path), some.files) == ["pipeline/train/stage.py"]
    most = closure(tmp_path, "from pipeline.train import fit\n")
    assert code_deps(SourceCode(tmp_path), most.files) == ["pipeline/train"]
