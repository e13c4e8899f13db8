"""The clinic's pages in a real browser."""

import json
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from heelstrike.serve.settings import ServeSettings
from heelstrike.video.reader import VideoReader
from tests import counters
from tests.browsers import browser, serving
from tests.counters import store_counted, write_counted
from tests.videos import write_video

_READ = """
(stage => {
  const canvas = document.querySelector('[data-part=canvas]');
  const pen = canvas.getContext('2d');
  const row = (y, dx) => {
    const pixels = pen.getImageData(0, y, canvas.width, 1).data;
    return bit => pixels[4 * (STEP / 2 + STEP * bit + dx)];
  };
  const picture = row(TOP, 0), overlay = row(OVERLAY, 6);
  const there = overlay(BITS) > 100;
  let shown = 0, drawn = 0;
  for (let bit = 0; bit < BITS; bit++) {
    if (picture(bit) > 128) shown += 2 ** bit;
    if (overlay(bit) > 100) drawn += 2 ** bit;
  }
  return { shown, drawn: there ? drawn : null };
})()
"""
READ = (
    _READ.replace("STEP", str(counters._STEP))
    .replace("BITS", str(counters.BITS))
    .replace("TOP", str(counters._TOP))
    .replace("OVERLAY", str(counters._OVERLAY_TOP))
)

_SEEKS = """
async wanted => {
  const player = document.getElementById('result').player;
  const canvas = document.querySelector('[data-part=canvas]');
  const read = () => READ;
  const wrong = [], milliseconds = [];
  for (const index of wanted) {
    if (player.index === index) continue;
    const begun = performance.now();
    player.seek(index);
    let first = null;
    for (;;) {
      await new Promise(requestAnimationFrame);
      const { shown, drawn } = read();
      if (drawn !== null && drawn !== shown) wrong.push([index, shown, drawn]);
      if (first === null && shown === index) first = performance.now() - begun;
      if (drawn === index && shown === index) break;
      if (performance.now() - begun > 5000) { wrong.push([index, shown, drawn, 'never']); break; }
    }
    milliseconds.push(first);
  }
  return { wrong, milliseconds };
}
"""
SEEKS = _SEEKS.replace("READ", READ.strip())


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
    page.wait_for_function("document.querySelector('[data-part=canvas]').dataset.frame === '0'")


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
            page.wait_for_function("n => document.querySelector('canvas').dataset.frame === String(n)", arg=number)
            values = frames[number]["measure"]["values"]
            for name, text in zip(("left", "right"), page.locator(".values dd").all_inner_texts(), strict=True):
                assert text.startswith(f"{values[name]:+.1f}°".replace("-", "−"))
        assert (
            page.request.get(f"{service}{address}".replace("results", "report").removesuffix(".json")).body()[:5]
            == b"%PDF-"
        )


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
    assert np.percentile(late, 95) < 100
