"""The labeller's page in a real browser: mouse, keyboard, undo and redo, and two people at once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from heelstrike.serve.accounts import Accounts
from heelstrike.serve.roles import Role
from heelstrike.serve.settings import ServeSettings
from tests.browsers import browser, serving
from tests.service import Http, evaluation, finished, upload
from tests.videos import write_video

_AT = "([x, y]) => document.getElementById('label').editor.stage.place({ x, y })"
_SLOW_ANSWERS = """() => {
  const send = window.fetch;
  window.fetch = async (...request) => {
    const answer = await send(...request);
    if (request[1]?.method === 'PUT') await new Promise((resolve) => setTimeout(resolve, 500));
    return answer;
  };
}"""
_PLACE = "k => { const e = document.getElementById('label').editor; return e.stage.place(e.points.list[k]); }"


def points_of(page: Any) -> list[dict[str, float]]:
    """The points on the page, as they would be saved."""
    points: list[dict[str, float]] = json.loads(page.locator("#label").get_attribute("data-points"))
    return points


def xy(page: Any, index: int) -> tuple[float, float]:
    point = points_of(page)[index]
    return point["x"], point["y"]


def drag(page: Any, index: int, dx: float, dy: float) -> None:
    """Drag a point by pixels of the screen, taking hold of it beside its middle."""
    box, (x, y) = page.locator("[data-part=canvas]").bounding_box(), page.evaluate(_PLACE, index)
    x, y = box["x"] + x + 3, box["y"] + y - 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=3)
    assert page.locator("[data-part=loupe]").is_visible()
    page.mouse.up()


def open_frame(page: Any, address: str, frame: int) -> None:
    page.goto(f"{address}?frame={frame}")
    page.wait_for_selector(f"#label[data-frame='{frame}']")
    page.wait_for_selector("#label[data-queued]")


def measured_walk(service: str, tmp_path: Path) -> tuple[Http, str, str]:
    """Upload and measure a video; return a client, the page to label it and its labels in the API."""
    client = Http(service)
    path = evaluation(client)
    upload(client, path, "walk.mp4", write_video(tmp_path / "walk.mp4", frames=12, width=320, height=240).read_bytes())
    job = finished(client, path)["job"]["id"]
    return client, f"{service}/label/{path.rpartition('/')[2]}/{job}/walk.mp4", f"{path}/jobs/{job}/labels/walk.mp4"


def test_the_page_by_mouse_and_keyboard(settings: ServeSettings, tmp_path: Path) -> None:
    with serving(settings) as service, browser() as chromium:
        client, address, labels = measured_walk(service, tmp_path)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        open_frame(page, address, 3)
        page.fill("[data-part=who]", "ada")
        page.locator("[data-part=who]").blur()
        start = points_of(page)

        # a drag is sub-pixel, and does not jump to the pointer
        scale = page.evaluate("document.getElementById('label').editor.stage.scale")
        drag(page, 2, 10, -7)
        x, y = xy(page, 2)
        assert (x, y) == pytest.approx((start[2]["x"] + 10 / scale, start[2]["y"] - 7 / scale), abs=0.02)
        assert abs(x - round(x)) > 0.02 or abs(y - round(y)) > 0.02

        # keys: choose a point, move it, undo and redo; a run of the same steps is one step back
        page.keyboard.press("3")
        for key in ("ArrowRight", "ArrowRight", "Shift+ArrowDown", "Alt+ArrowLeft"):
            page.keyboard.press(key)
        assert xy(page, 2) == pytest.approx((x + 2 - 10, y + 0.1), abs=0.011)
        page.keyboard.press("z")
        assert xy(page, 2) == (x, y)
        page.keyboard.press("Control+z")
        assert points_of(page) == start
        page.keyboard.press("y")
        page.keyboard.press("Control+Shift+Z")
        assert xy(page, 2) == pytest.approx((x - 8, y + 0.1), abs=0.011)

        # hidden, absent and back again; swapped sides
        page.keyboard.press("]")
        page.keyboard.press("h")
        assert points_of(page)[3]["v"] == 1
        page.keyboard.press("x")
        assert points_of(page)[3] == {"v": 0}
        page.keyboard.press("v")
        assert points_of(page)[3] == start[3]
        # clicks place absent points one after the other
        for key in ("5", "x", "6", "x", "5"):
            page.keyboard.press(key)
        places = [(150.5, 60.25), (170.0, 80.75)]
        for x, y in places:
            box, (left, top) = page.locator("[data-part=canvas]").bounding_box(), page.evaluate(_AT, [x, y])
            page.mouse.click(box["x"] + left, box["y"] + top)
        for index, place in zip((4, 5), places, strict=True):
            assert xy(page, index) == pytest.approx(place, abs=0.5)

        before = points_of(page)
        page.keyboard.press("s")
        assert points_of(page) == before[3:] + before[:3]
        page.keyboard.press("s")

        # unsaved points survive a look at another frame; saving; copying from a neighbour
        page.keyboard.press(".")
        page.wait_for_selector("#label[data-frame='4']")
        assert "Not saved yet: frame 3" in page.inner_text("[data-part=drafts]")
        page.keyboard.press(",")
        page.wait_for_selector("#label[data-frame='3'][data-dirty=yes]")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-part=state]:has-text('Labelled by ada')")
        saved = client.get(labels).json()["frames"]["3"]["label"]
        assert (saved["points"], saved["who"]) == (before, "ada")
        page.keyboard.press("PageDown")
        page.wait_for_selector("#label[data-frame='11']")
        page.keyboard.press("c")
        assert points_of(page) == before
        page.keyboard.press("m")
        page.wait_for_function("() => !document.querySelector('[data-part=undo]').disabled")
        assert points_of(page) == start

        # the help has every key
        page.keyboard.press("?")
        assert page.locator("dialog[open] kbd").count() > 25
        page.keyboard.press("Escape")
        assert errors == []


def test_two_people_save_the_same_frame(settings: ServeSettings, tmp_path: Path) -> None:
    """Ada opens a frame; grace saves it first. Ada is shown both versions, and takes one."""
    with serving(settings) as service, browser() as chromium:
        client, address, labels = measured_walk(service, tmp_path)
        theirs = [{"x": 100.5 + k, "y": 60.0 + 20 * k, "v": 2} for k in range(6)]
        page = chromium.new_page()
        for frame, choice in ((1, "mine"), (2, "theirs"), (3, "")):
            open_frame(page, address, frame)
            page.fill("[data-part=who]", "ada")
            page.locator("[data-part=who]").blur()
            page.keyboard.press("ArrowUp")
            mine = points_of(page)
            made = client.put(f"{labels}/{frame}", json={"points": theirs, "who": "grace"})
            assert made.status_code == 200
            page.keyboard.press("Enter")
            page.wait_for_selector("dialog[open] [data-version=mine] canvas")
            assert page.locator("dialog[open] [data-version=theirs] h3").inner_text().startswith("grace, ")
            assert page.locator("dialog[open] tbody tr").count() == 6
            page.click(f"dialog[open] button[value='{choice}']")
            expected = {"mine": "is saved", "theirs": "label of grace is taken", "": "Not saved"}[choice]
            page.wait_for_selector(f"[data-part=said]:has-text('{expected}')")
            label = client.get(labels).json()["frames"][str(frame)]["label"]
            assert label["points"] == (mine if choice == "mine" else theirs)
            assert points_of(page) == (theirs if choice == "theirs" else mine)
            if choice == "":
                page.keyboard.press("z")  # nothing is left unsaved, so that the page may be closed


def test_saves_in_quick_succession(settings: ServeSettings, tmp_path: Path) -> None:
    """While the first save is under way the frame is saved again, is changed and saved again, and is left unsaved."""
    with serving(settings) as service, browser() as chromium:
        client, address, labels = measured_walk(service, tmp_path)
        page = chromium.new_page()
        saves: list[Any] = []
        page.on("request", lambda request: saves.append(request) if request.method == "PUT" else None)
        open_frame(page, address, 3)
        page.fill("[data-part=who]", "ada")
        page.locator("[data-part=who]").blur()
        page.evaluate(_SLOW_ANSWERS)
        for key in ("ArrowRight", "Enter", "Enter", "ArrowRight", "Enter", "Enter"):
            page.keyboard.press(key)
        page.wait_for_selector("[data-part=state]:has-text('revision 2')")
        saved = points_of(page)
        assert client.get(labels).json()["frames"]["3"]["label"]["points"] == saved
        assert (len(saves), page.locator("#label").get_attribute("data-dirty")) == (2, "")
        for key in ("Enter", "ArrowDown"):
            page.keyboard.press(key)
        page.wait_for_selector("[data-part=state]:has-text('revision 3')")
        assert page.locator("#label").get_attribute("data-dirty") == "yes"
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-part=state]:has-text('revision 4')")
        assert client.get(labels).json()["frames"]["3"]["label"]["points"] == points_of(page) != saved
        assert page.locator("dialog[open]").count() == 0


def test_a_save_whose_answer_is_lost_is_saved_again_without_a_conflict(settings: ServeSettings, tmp_path: Path) -> None:
    with serving(settings) as service, browser() as chromium:
        client, address, labels = measured_walk(service, tmp_path)
        page = chromium.new_page()
        open_frame(page, address, 3)
        page.fill("[data-part=who]", "ada")
        page.locator("[data-part=who]").blur()
        page.route("**/labels/**", lambda route: (route.fetch(), route.abort()))
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-part=said]:has-text('Not saved')")
        page.unroute("**/labels/**")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-part=said]:has-text('is saved')")
        label = client.get(labels).json()["frames"]["3"]["label"]
        assert (label["number"], label["points"]) == (1, points_of(page))


@pytest.mark.slow
def test_the_queue_a_second_reading_and_a_reviewer(settings: ServeSettings, tmp_path: Path) -> None:
    accounts = Accounts(settings.data)
    for name, role in (("ada", Role.LABELLER), ("grace", Role.LABELLER), ("lin", Role.REVIEWER)):
        accounts.add(name, role, "correct horse")
    with serving(replace(settings, users=True)) as service, browser() as chromium:
        client = Http(service, client_login(service, "ada"))
        path = evaluation(client)
        upload(client, path, "walk.mp4", write_video(tmp_path / "walk.mp4", frames=12).read_bytes())
        finished(client, path)
        requests.patch(
            f"{service}{path}", json={"shared_with": ["grace", "lin"]}, headers=client.headers, timeout=10
        ).raise_for_status()
        pages = {name: _logged_in(chromium, service, name) for name in ("ada", "grace", "lin")}
        ada = pages["ada"]
        ada.goto(f"{service}/label?count=4")
        assert ada.locator(".tag").all_inner_texts() == ["random"] * 4
        ada.click("text=Start labelling")
        seen = set()
        for left in (4, 3, 2, 1):
            ada.wait_for_function(f"() => document.querySelector('[data-part=left]').textContent.startsWith('{left} ')")
            ada.wait_for_selector("#label:not([data-points=''])")
            assert "drawn at random" in ada.inner_text("[data-part=why]")
            seen.add(ada.evaluate("document.getElementById('label').editor.index"))
            ada.keyboard.press("w")
        ada.wait_for_selector("[data-part=said]:has-text('queue is empty')")
        assert len(seen) == 4
        grace = pages["grace"]
        grace.goto(f"{service}/label")
        grace.click("text=second reading")
        grace.wait_for_selector("#label[data-queued='4']")
        grace.keyboard.press("n")
        grace.wait_for_selector("[data-part=why]:has-text('second, independent opinion')")
        assert "model's points" in grace.inner_text("[data-part=state]")
        grace.keyboard.press("ArrowRight")
        grace.keyboard.press("Enter")
        grace.wait_for_selector("[data-part=state]:has-text('Your second reading')")
        lin = pages["lin"]
        lin.goto(f"{service}/label/agreement")
        assert "ada and grace, 1 frames" in lin.inner_text("[data-pair='ada|grace'] h2")
        lin.goto(f"{service}/label")
        lin.click(".list a >> nth=0")
        lin.wait_for_selector("[data-part=state]")
        assert lin.locator("[data-part=save]").count() == 0


def client_login(service: str, name: str) -> str:
    answer = requests.post(f"{service}/api/login", json={"name": name, "password": "correct horse"}, timeout=10)
    token: str = answer.json()["token"]
    return token


def _logged_in(chromium: Any, service: str, name: str) -> Any:
    page = chromium.new_context().new_page()
    page.goto(f"{service}/login")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", "correct horse")
    page.click("#login button")
    page.wait_for_selector("text=Log out")
    return page
