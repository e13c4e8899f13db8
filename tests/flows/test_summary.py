"""What a person reads at the end of a retrain, on 80 columns."""

import io

import pytest
from rich.console import Console

from flows.release import Release
from flows.summary import print_summary
from heelstrike.files import write_json
from pipeline.layout import Layout
from pipeline.registry.decision import GATES, Decision, Gate
from pipeline.registry.promote import PromotionResult
from pipeline.tracking.lineage import output_hashes
from tests.stores import lock


@pytest.fixture
def layout(tmp_path) -> Layout:
    """The files of stages that the summary reads."""
    layout = Layout(tmp_path, "rearfoot")
    lock(layout, 1)
    for name, subjects in (("train", "aab"), ("val", "c"), ("test", "dd")):
        images = [{"id": number, "subject": subject} for number, subject in enumerate(subjects)]
        write_json(layout.out("split") / f"{name}.json", {"images": images})
    model = {"name": "unet", "encoder": {"name": "resnet18"}, "width": 16, "channels": [4, 8]}
    write_json(layout.out("search") / "best.json", {"model": model, "train": {"lr": 0.00213, "schedule": "plateau"}})
    return layout


def released(
    layout: Layout, kind: str = "promoted", why: str = "All gates passed.", before: int | None = 1, **reasons: str
) -> Release:
    """A release of version 2 whose gates give these reasons; a gate with `failed` in its reason has failed."""
    gates = tuple(
        Gate(name=name, passed="failed" not in reasons.get(name, ""), reason=reasons.get(name, "fine"))
        for name in GATES
    )
    about = {"time": "2026-01-01T00:00:00Z", "test_split": "0" * 64, "challenger_package": "1" * 64}
    decision = Decision(problem="rearfoot", challenger=2, champion=1, champion_package="2" * 64, gates=gates, **about)
    ran = [f"{stage}@rearfoot" for stage in ("collect", "train")] if kind != "already" else []
    return Release(layout, ran, "0" * 32, "run", decision, PromotionResult(kind, 2, before, why))


def rows(release: Release) -> list[tuple[str, str]]:
    """Title and value of each line of the panel."""
    console = Console(width=80, file=io.StringIO())
    print_summary(release, console)
    assert isinstance(console.file, io.StringIO)
    first, *lines, last = console.file.getvalue().splitlines()
    assert first.startswith("╭") and "retrain rearfoot" in first
    assert last.startswith("╰")
    assert all(len(line) <= 80 for line in (first, *lines, last))
    cells = [line.strip("│ ").partition("  ") if line[2] != " " else ("", "", line.strip("│ ")) for line in lines]
    return [(title.strip(), value.strip()) for title, _, value in cells]


def text(release: Release, title: str) -> str:
    """The value of a title, wrapped lines put together."""
    values, under = [], ""
    for name, value in rows(release):
        under = name or under
        values += [value] if under == title else []
    return " ".join(values)


def test_data_settings_numbers_and_verdict(layout: Layout) -> None:
    release = released(layout, why="better by 0.30 px", error="2.10 px, limit 5 px", comparison="better by 0.30 px")
    digest = output_hashes(layout)["data/rearfoot/collect"][:10]
    assert text(release, "stages run") == "collect, train"
    assert text(release, "data") == (
        f"{digest}  (train 3 images of 2 subjects, val 1 images of 1 subjects, test 2 images of 1 subjects)"
    )
    assert text(release, "settings") == "unet (encoder resnet18, width 16), learning rate 0.00213, plateau"
    assert text(release, "test error") == "2.10 px, limit 5 px"
    assert text(release, "against champion") == "better by 0.30 px"
    assert text(release, "decision") == "version 2 promoted"
    assert "report: reports/rearfoot/evaluate/report.html" in text(release, "next")
    assert "heelstrike predict VIDEO --model rearfoot@champion" in text(release, "next")


def test_a_refusal_names_every_gate_that_failed(layout: Layout) -> None:
    release = released(layout, "refused", "error: failed by far", error="failed by far", slices="failed on dark")
    assert text(release, "test error") == "failed by far"
    assert text(release, "decision") == "version 2 refused error: failed, see test error slices: failed on dark"


def test_nothing_new_says_so(layout: Layout) -> None:
    assert text(released(layout, "already", "it is the champion"), "stages run") == "nothing had changed"


def test_trials_and_warnings_are_counted(layout: Layout) -> None:
    (layout.out("search") / "trials.csv").write_text("number,state\n0,COMPLETE\n1,PRUNED\n2,COMPLETE\n")
    (layout.out("validate")).mkdir(parents=True)
    worklist = layout.out("validate") / "worklist.csv"
    worklist.write_text("image,why\n")
    assert text(released(layout), "settings").endswith("plateau; best of 3 trials, 1 pruned")
    assert text(released(layout), "labels") == ""
    worklist.write_text("image,why\na.png,far\nb.png,near\n")
    assert text(released(layout), "labels") == "2 warnings for the labeller in reports/rearfoot/validate/worklist.csv"


def test_the_next_steps_are_possible(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert "runs: mlflow ui measure" in text(released(layout), "next")
    assert "--model rearfoot@champion" in text(released(layout, "refused"), "next")
    assert "--model rearfoot/2" in text(released(layout, "refused", before=None), "next")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://u:S3cret@mlflow.example")
    assert "runs: https://u:***@mlflow.example measure" in text(released(layout), "next")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://u:S3cret@db/x")
    assert "runs: mlflow ui --backend-store-uri $MLFLOW_TRACKING_URI measure" in text(released(layout), "next")
