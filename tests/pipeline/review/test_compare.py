"""The page on which a reviewer decides: real packages on the same real images."""

import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from heelstrike.errors import UserError
from heelstrike.package.runtime import Package
from heelstrike.registry.database import open_mlflow
from heelstrike.registry.pull import fetch
from pipeline.evaluate.judged_split import read_judged_split
from pipeline.registry.examine import examine
from pipeline.registry.promote import promote, stored_decision
from pipeline.registry.rollback import rollback
from pipeline.registry.store import open_registry
from pipeline.review.compare import compare, comparison_file
from pipeline.review.evidence import with_page
from pipeline.review.paired import Pair
from pipeline.review.references import version_named
from pipeline.review.verdict import revise_verdict
from tests.pipeline.registry.test_gate import FRAMES, SUBJECTS, judged, params
from tests.pipeline.review.conftest import run_id_of
from tests.worlds import World


class Page(HTMLParser):
    """Text of a page, and the addresses that it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]


def pair(world: World) -> Pair:
    tests = read_judged_split(world.layout, params())
    with open_registry(world.root, "rearfoot") as registry:
        folders = [fetch(registry.reader, registry.version(number)) for number in (1, 2)]
    old, new = (examine(Package.load(folder), tests, params(), "it") for folder in folders)
    return Pair(old, new, params())


def test_differences_are_paired_by_subject(twice: World) -> None:
    made = pair(twice)
    error, angle = made.headlines()
    assert (error.images, error.subjects) == (SUBJECTS * FRAMES, SUBJECTS)
    assert error.old == made.old.score.value
    assert error.new == made.new.score.value
    assert error.change.low < error.new - error.old < error.change.high < 0
    assert error.verdict == "better"
    assert angle.unit == "°"
    slices = {one.title: one for one in made.slices()}
    # the second version errs on dark images only, by 1.2 · (1 - 40/255) px, at half the size in the network's input
    assert slices["tone = light"].new < 0.3 < slices["tone = dark"].new < 0.8
    left = made.keypoints()[0]
    assert left.title == "left_shank"
    assert left.old == pytest.approx(1.0, abs=0.1)
    losses, gains = made.ranked(20)
    change = made.change()
    assert len(gains) == 20
    assert list(change[gains]) == sorted(change[gains])
    assert (change[losses] > 0).all()


def test_the_page_is_one_file_with_everything_on_it(twice: World) -> None:
    made = compare(twice.layout, params(), "champion", "2")
    assert made.digest == hashlib.sha256(made.page.encode()).hexdigest()
    assert len(made.page) < 5_000_000
    page = Page(made.page)
    assert page.addresses
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.addresses)
    assert not re.search(r"https?://|<script|@import|url\(", made.page)
    words = " ".join(page.words)
    for part in (
        "rearfoot/2 against rearfoot/1",
        "The gates have not decided about rearfoot/2 against rearfoot/1.",
        "left_heel",
        "tone = dark",
        "train: subjects added: t3",
        "train: subjects removed: t2",
        "batches added: 0002-bb",
        "time of one image on this machine's CPU",
    ):
        assert part in words
    made.write(comparison_file(twice.layout, made))
    assert comparison_file(twice.layout, made).read_text() == made.page


def test_who_was_learned_from_and_tested_on_is_said(twice: World) -> None:
    run_id = run_id_of(twice.root, 2)
    table = "split,subject,source,batch,images\ntrain,s3,a/b.mp4,a,9\n"
    open_mlflow(twice.root).log_text(run_id, table, "lineage/sources.csv")
    page = " ".join(Page(compare(twice.layout, params(), "1", "2").page).words)
    assert f"rearfoot/2 learned from 1 of these {SUBJECTS} people (s3)" in page


def test_the_page_is_kept_with_the_version_and_its_digest_with_the_decision(twice: World) -> None:
    decision = judged(twice, 2, bias=0.0, gain=1.2)
    complete = with_page(twice.layout, params(), decision, print)
    assert with_page(twice.layout, params(), complete, print) is complete
    assert complete.evidence != decision.evidence
    assert promote(twice.root, complete).kind == "promoted"
    client, page = open_mlflow(twice.root), "review/version-2-against-1.html"
    kept = Path(client.download_artifacts(run_id_of(twice.root, 2), page))
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == complete.comparison_page
    words = " ".join(Page(kept.read_text()).words)
    assert "All gates passed." in words
    assert "not_rolled_back" in words
    with open_registry(twice.root, "rearfoot") as registry:
        assert stored_decision(registry.version(2)) == complete
    version = client.get_model_version("rearfoot", "2")
    assert version.tags["comparison"] == f"{page} sha256:{complete.comparison_page}"
    rollback("rearfoot", twice.root)
    later = client.get_model_version("rearfoot", "2").description
    assert later.startswith("Rolled back ")
    for description in (version.description, later):
        assert description.count(page) == 1


def test_versions_are_named_in_every_way(twice: World) -> None:
    with open_registry(twice.root, "rearfoot") as registry:
        for text in ("1", "champion", "rearfoot/1", "rearfoot@champion", "rearfoot", run_id_of(twice.root, 1)[:12]):
            assert version_named(registry, text).number == 1, text
        assert version_named(registry, "challenger").number == 2
        for text, message in (
            ("7", "rearfoot has no version 7"),
            ("hand/1", "of another problem than rearfoot"),
            ("deadbeefdeadbeef", "no version of rearfoot was made by a run"),
        ):
            with pytest.raises(UserError, match=message):
                version_named(registry, text)


def test_a_verdict_of_people_shows_in_the_list_of_runs(twice: World) -> None:
    client, run_id = open_mlflow(twice.root), run_id_of(twice.root, 2)
    client.update_run(run_id, name="v2 waiting · 0.50 px · data abc123")
    revise_verdict(twice.layout, 2, "refused", "rejected by a@b: too few people")
    run = client.get_run(run_id)
    assert run.info.run_name == "v2 refused · 0.50 px · data abc123"
    assert (run.data.tags["verdict"], run.data.tags["reason"]) == ("refused", "rejected by a@b: too few people")
