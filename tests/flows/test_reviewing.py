"""Deciding on a candidate in the service of a checkout: by the rules of `heelstrike approve`, on the page shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from flows.reviewing import CheckoutApprovals
from heelstrike.serve.accounts import Accounts
from heelstrike.serve.app import create_app
from heelstrike.serve.roles import Role
from heelstrike.serve.settings import ServeSettings
from pipeline.registry.history import USER, history
from pipeline.registry.promote import promote, stored_decision
from pipeline.registry.store import open_registry
from pipeline.review.evidence import with_page
from tests.browsers import browser as chromium
from tests.browsers import serving
from tests.flows.conftest import write_params
from tests.heelstrike.serve.test_accounts import PASSWORD, browser
from tests.pipeline.registry.test_gate import judged, params, tested
from tests.worlds import World

__all__ = ["tested"]

SETTINGS = params(approval="required", four_eyes=True, screen=None)
AT = "/api/reviews/rearfoot/2"


@pytest.fixture
def clinic(tested: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A champion, and a candidate of ada's retrain that waits for an approval by somebody else."""
    monkeypatch.setenv(USER, "ada")
    write_params(tested.root, rearfoot=SETTINGS.model_dump(mode="json", by_alias=True))
    promote(tested.root, judged(tested, 1, bias=2.0))
    waits(tested, 2)
    return tested


def waits(world: World, number: int) -> None:
    """Judge a candidate that passes, make its page, and let it wait."""
    decision = with_page(world.layout, SETTINGS, judged(world, number, SETTINGS, bias=0.5), print)
    assert promote(world.root, decision).kind == "waiting"


@pytest.fixture
def app(clinic: World, tmp_path: Path) -> Iterator[TestClient]:
    settings = ServeSettings(data=tmp_path / "data", root=clinic.root, users=True)
    accounts = Accounts(settings.data)
    for name in ("ada", "grace"):
        accounts.add(name, Role.REVIEWER, PASSWORD)
    with TestClient(create_app(settings, CheckoutApprovals(clinic.root)), base_url="http://localhost") as client:
        yield client


def test_a_reviewer_approves_the_page_that_was_looked_at(clinic: World, app: TestClient, tmp_path: Path) -> None:
    ada, grace = browser(app, "ada"), browser(app, "grace")
    (entry,) = grace.get("/api/reviews").json()
    assert (entry["waiting"]["given"], entry["waiting"]["approvers"], entry["undecidable"]) == ([], 1, "")
    decision = {"verdict": "approve", "page": entry["page"], "why": "looked at all losses"}
    settings = ServeSettings(data=tmp_path / "own", root=clinic.root)  # of one person, who signs as on the command line
    with TestClient(create_app(settings, CheckoutApprovals(clinic.root)), base_url="http://localhost") as client:
        alone = client.post(f"{AT}/decision", json=decision)
    own = ada.post(f"{AT}/decision", json=decision)
    assert alone.json() == own.json()
    assert (own.status_code, "started its retrain and cannot approve it" in own.json()["error"]) == (422, True)
    other = grace.post(f"{AT}/decision", json=decision | {"page": "0" * 64})
    assert (other.status_code, "it was judged afresh since this page" in other.json()["error"]) == (422, True)
    assert clinic.champion == 1
    done = grace.post(f"{AT}/decision", json=decision)
    assert (done.status_code, done.json()["message"]) == (200, "rearfoot/2: approved, and the champion now")
    approved = next(event for event in history(clinic.root, "rearfoot") if event.kind == "approved")
    assert (approved.person, approved.why, approved.page) == ("grace", "looked at all losses", entry["page"])
    with open_registry(clinic.root, "rearfoot") as registry:
        version = registry.version(2)
        description = registry.client.get_model_version("rearfoot", "2").description
        run = registry.client.get_run(version.run_id)
    stored = stored_decision(version)
    assert stored is not None and approved.evidence == stored.evidence
    assert f"page {entry['page']}" in description and run.data.tags["verdict"] == "promoted"
    (after,) = grace.get("/api/reviews").json()
    assert (after["champion"], after["waiting"], after["undecidable"]) == (True, None, "It does not wait for approval.")
    assert grace.post(f"{AT}/decision", json=decision).status_code == 409


def test_what_is_stale_can_only_be_rejected_and_a_rejection_needs_a_reason(clinic: World, app: TestClient) -> None:
    grace = browser(app, "grace")
    split = clinic.layout.out("split") / "test.json"
    split.write_text(split.read_text() + "\n")
    (entry,) = grace.get("/api/reviews").json()
    assert "it is about the test split" in entry["waiting"]["stale"]
    page = grace.get("/reviews/rearfoot/2").text
    assert 'value="approve" disabled' in page and "judged afresh" in page
    decision = {"verdict": "approve", "page": entry["page"]}
    assert "the decision is stale" in grace.post(f"{AT}/decision", json=decision).json()["error"]
    reject = decision | {"verdict": "reject"}
    assert "a rejection needs a reason" in grace.post(f"{AT}/decision", json=reject).json()["error"]
    done = grace.post(f"{AT}/decision", json=reject | {"why": "ankles of children are off"})
    assert done.json()["message"] == "rearfoot/2: rejected; it will not be promoted"
    rejected = history(clinic.root, "rearfoot")[-1]
    assert (rejected.kind, rejected.person, rejected.page) == ("rejected", "grace", entry["page"])
    assert clinic.champion == 1


def test_two_versions_are_compared_and_one_is_approved_in_a_browser(clinic: World, tmp_path: Path) -> None:
    """Filter, write a note, read it again, approve: what the registry has then is what the page showed."""
    settings = ServeSettings(data=tmp_path / "data", root=clinic.root, users=True)
    Accounts(settings.data).add("grace", Role.REVIEWER, PASSWORD)
    with serving(settings, CheckoutApprovals(clinic.root)) as service, chromium() as program:
        page = program.new_page()
        faults = list[str]()
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(f"{service}/reviews")
        page.fill("input[name=name]", "grace")
        page.fill("input[name=password]", PASSWORD)
        page.click("#login button")
        page.click("text=rearfoot/2")
        page.wait_for_selector("#evidence[data-state=ready]")
        gains = page.locator("#evidence figure:visible")
        assert (gains.count(), page.inner_text("[data-part=count]")) == (20, "20 of 20 images")
        page.select_option("[name=subject]", "s3")
        assert 0 < gains.count() < 20 and all("s3 · " in text for text in gains.locator("figcaption").all_inner_texts())
        page.select_option("[name=slice]", "tone = dark")
        assert all("tone = dark" in text for text in gains.locator("figcaption").all_inner_texts())
        assert page.locator("#evidence tr[data-slice]:visible").count() == 1
        page.select_option("[name=kind]", "loss")
        assert gains.count() == 0
        page.click("text=Show all")
        gains.first.locator("textarea").fill("label is off, not the model")
        gains.first.locator("text=Add note").click()
        page.wait_for_selector("#evidence [data-note]")
        page.reload()
        page.wait_for_selector("#evidence[data-state=ready]")
        page.check("[name=noted]")
        assert (
            gains.count() == 1
            and "label is off, not the model" in gains.inner_text()
            and "grace, " in gains.inner_text()
        )
        digest = page.inner_text("[data-part=digest]")
        page.click("[value=reject]")
        assert page.inner_text("[data-part=decision] output") == "A rejection needs a reason."
        page.fill("[name=why]", "looked at every loss")
        page.click("[value=approve]")
        page.wait_for_selector("text=rearfoot/2: approved, and the champion now")
        assert faults == []
    approved = next(event for event in history(clinic.root, "rearfoot") if event.kind == "approved")
    assert (approved.person, approved.why, approved.page) == ("grace", "looked at every loss", digest)
    assert clinic.champion == 2
