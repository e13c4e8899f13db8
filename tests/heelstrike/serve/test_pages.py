"""The clinic's pages in a real browser."""

import json
import time
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from heelstrike.serve.accounts import Accounts
from heelstrike.serve.roles import Role
from heelstrike.serve.settings import ServeSettings
from heelstrike.video.reader import VideoReader
from tests import counters
from tests.browsers import browser, serving
from tests.counters import SEEKS, store_counted, write_counted
from tests.videos import write_video


def _rates() -> dict[str, list[Fraction]]:
    """Time stamps of a second or two at several frame rates."""
    random = Random(5)
    steps = [Fraction(random.choice((20, 33, 34, 40, 100)), 1000) for _ in range(299)]
    return {
        "25": [Fraction(i, 25) for i in range(300)],
        "29.97": [Fraction(1001 * i, 30_000) for i in range(300)],
        "59.94": [Fraction(1001 * i, 60_000) for i in range(300)],
        "variable": list(accumulate(steps, initial=Fraction(2))),
    }


def _stored(data: Path, name: str, times: list[Fraction], tmp_path: Path, **options: Any) -> str:
    video = write_counted(tmp_path / f"{name}.mp4", times, **options)
    with VideoReader(video) as reader:
        stamps = [frame.time_s for frame in reader.frames()]
    size = options.get("width", counters.WIDTH), options.get("height", counters.HEIGHT)
    return store_counted(data, name, video, stamps, *size)


def _open(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#result[data-state=ready]")
    page.wait_for_selector("canvas[data-frame='0']")


def test_from_upload_to_the_angle(settings: ServeSettings, tmp_path: Path) -> None:
    """Upload, wait, and read the same angle off the page as the JSON has, at three frames."""
    video = write_video(tmp_path / "walk & way.mp4", frames=30)
    with serving(settings) as service, browser() as chromium:
        page = chromium.new_page()
        page.goto(service)
        page.set_input_files("[data-part=files]", str(video))
        page.click("text=Upload and measure")
        page.wait_for_selector(".state.done", timeout=60_000)
        page.click(".job ul a")
        page.wait_for_selector("#result[data-state=ready]")
        address = page.locator("a:has-text('Result (JSON)')").get_attribute("href")
        frames = json.loads(page.request.get(f"{service}{address}").text())["frames"]
        for number in (0, 11, 29):
            page.evaluate("n => document.getElementById('result').player.seek(n)", number)
            page.wait_for_selector(f"canvas[data-frame='{number}']")
            values = frames[number]["measure"]["values"]
            for name, text in zip(("left", "right"), page.locator(".values dd").all_inner_texts(), strict=True):
                assert text.startswith(f"{values[name]:+.1f}°".replace("-", "−"))
        assert (
            page.request.get(f"{service}{address}".replace("results", "report").removesuffix(".json")).body()[:5]
            == b"%PDF-"
        )


def test_logging_in_and_being_refused(settings: ServeSettings) -> None:
    """A wrong password, then the right one; what is for others; and nothing any more after logging out."""
    Accounts(settings.data).add("ada", Role.CLINICIAN, "correct horse")
    with serving(replace(settings, users=True)) as service, browser() as chromium:
        page = chromium.new_page()
        page.goto(service)
        assert page.url == f"{service}/login?next=/"
        for password, shown in (
            ("wrong horse", "the name or the password is wrong"),
            ("correct horse", "ada (clinician)"),
        ):
            page.fill("input[name=name]", "ada")
            page.fill("input[name=password]", password)
            page.click("#login button")
            page.wait_for_selector(f"text={shown}")
        assert page.url == f"{service}/" and page.locator("text=Reviews").count() == 0
        page.goto(f"{service}/reviews")
        assert "this is for the role reviewer or administrator; yours is clinician" in page.inner_text("main")
        page.goto(service)
        page.click("[data-part=log-out]")
        page.wait_for_url(f"{service}/login*")
        page.goto(f"{service}/api")
        assert page.request.get(f"{service}/api/evaluations").status == 401


_WORDS = """
async () => {
  const view = document.querySelector('script[src*="/clinic/"]').src;
  const { clock, number } = await import(view.replace('view.js', 'words.js'));
  const numbers = [-0.0, -0.04, -0.06, 1e300, -1e300, 1234567.8].map(value => number(value, 'deg'));
  return [numbers, [-0.001, 59.994, 59.999, 119.999, 3600, 1e300].map(clock)];
}
"""


def test_numbers_that_nobody_expects(settings: ServeSettings, tmp_path: Path) -> None:
    """A value of 1e300 and one of -0.0 are shown as such, and leave the page and its chart as they are."""
    path = _stored(settings.data, "huge", _rates()["25"][:20], tmp_path)
    (file,) = settings.data.rglob("huge.mp4.json")
    text = file.read_text()
    for number, value in ((3, "1e+300"), (4, "-0.0")):
        left = f'"left": {round(5 * np.sin(number / 9), 3)}'
        assert text.count(left) == 1
        text = text.replace(left, f'"left": {value}')
    file.write_text(text)
    with serving(settings) as service, browser() as chromium:
        page = chromium.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        _open(page, f"{service}{path}")
        assert page.evaluate(_WORDS) == [
            ["+0.0°", "+0.0°", "−0.1°", "+1.0e+300°", "−1.0e+300°", "+1234567.8°"],
            ["0.00 s", "59.99 s", "1:00.00", "2:00.00", "60:00.00", "1.0e+300 s"],
        ]
        for number, shown in ((3, "+1.0e+300°"), (4, "+0.0°")):
            page.evaluate("n => document.getElementById('result').player.seek(n)", number)
            page.wait_for_selector(f".values dd:has-text('{shown}')")
        low, high = page.evaluate(_SCALE)
        assert -10 < low < high < 10
        job = path.split("/")[-2]
        report = page.request.get(f"{service}/api/evaluations/huge/jobs/{job}/report/huge.mp4")
        assert report.body()[:5] == b"%PDF-"
        assert errors == []


_SCALE = """() => {
  const { min, max } = document.getElementById('result').charts[0].plot.scales.y;
  return [min, max];
}"""


@pytest.mark.slow
def test_no_overlay_on_a_wrong_frame_in_a_thousand_seeks(settings: ServeSettings, tmp_path: Path) -> None:
    """Picture and overlay are read back from the canvas at every repaint of every seek."""
    data = settings.data
    pages = {name: _stored(data, name, times, tmp_path) for name, times in _rates().items()}
    pages["rotated"] = _stored(data, "rotated", _rates()["25"], tmp_path, rotation=90)
    random, late = Random(1), list[float]()
    with serving(settings) as service, browser() as chromium:
        page = chromium.new_page()
        for name, path in pages.items():
            _open(page, f"{service}{path}")
            result = page.evaluate(SEEKS, [random.randrange(300) for _ in range(200)])
            assert result["wrong"] == [], name
            late += result["milliseconds"]
        page.add_init_script("delete window.VideoFrame")  # as in an older browser
        page.goto(f"{service}{pages['variable']}")
        assert "cannot tell which frame" in page.wait_for_selector("[data-part=failure]:not([hidden])").inner_text()
    print("seek", np.percentile(late, [50, 95, 100]))
    assert np.percentile(late, 95) <= 100


_SCRUB = """
async ([frames, seconds]) => {
  const slider = document.querySelector('[data-part=slider]');
  const canvas = document.querySelector('[data-part=canvas]');
  const seen = new Set();
  const begun = performance.now();
  for (let i = 0; performance.now() - begun < 1000 * seconds; i++) {
    slider.value = String(Math.round((frames - 1) * (0.5 - 0.5 * Math.cos(i / 90))));
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise(requestAnimationFrame);
    if (canvas.dataset.frame) seen.add(`${canvas.dataset.frame} ${performance.now()}`);
  }
  const numbers = [...seen].map(each => each.split(' ')[0]);
  return numbers.filter((number, i) => number !== numbers[i - 1]).length / seconds;
}
"""


@pytest.mark.slow
def test_scrubbing_and_seeking_in_full_hd(settings: ServeSettings, tmp_path: Path) -> None:
    """Seeks take at most 100 ms in 95 of 100 cases, and dragging the slider shows at least 25 frames a second."""
    size = {"width": 1920, "height": 1080}
    path = _stored(settings.data, "hd", _rates()["29.97"], tmp_path, **size)
    random = Random(2)
    with serving(settings) as service, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        _open(page, f"{service}{path}")
        result = page.evaluate(SEEKS, [random.randrange(300) for _ in range(100)])
        frames_per_s = page.evaluate(_SCRUB, [300, 3])
    print("seek", np.percentile(result["milliseconds"], [50, 95, 100]), "scrub", frames_per_s)
    assert result["wrong"] == []
    assert np.percentile(result["milliseconds"], 95) <= 100
    assert frames_per_s >= 25


@pytest.mark.slow
@pytest.mark.timeout(900)  # most of the time is the writing of the video
def test_a_result_of_200_000_frames(settings: ServeSettings, tmp_path: Path) -> None:
    """The page is ready in 1.5 s; a jump takes at most 50 ms in the median, and 95 of 100 at most 100 ms."""
    frames = 200_000
    times = [Fraction(i, 60) for i in range(frames)]
    video = write_counted(tmp_path / "long.mp4", times, key_every=4)
    stamps = [float(time) for time in times]
    path = store_counted(settings.data, "long", video, stamps, counters.WIDTH, counters.HEIGHT, copied=False)
    random = Random(3)
    with serving(settings) as service, browser() as chromium:
        page = chromium.new_page()
        _open(page, f"{service}{path}")  # writes the columns, which a job does otherwise
        begun = time.monotonic()
        _open(page, f"{service}{path}")
        ready_s = time.monotonic() - begun
        result = page.evaluate(SEEKS, [random.randrange(frames) for _ in range(60)])
    for name in ("milliseconds", "whole"):
        print("ready", ready_s, "change", name, np.percentile(result[name], [50, 95, 100]))
    assert result["wrong"] == []
    assert ready_s <= 1.5
    median, most = np.percentile(result["milliseconds"], [50, 95])
    assert median <= 50
    assert most <= 100
