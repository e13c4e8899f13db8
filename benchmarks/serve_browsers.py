"""People with a real browser among the clients of `benchmarks.serve`: they open pages and seek in results.

On the page of a counted video, picture and overlay are read back from the canvas at every repaint (`tests.counters`),
so an overlay on a wrong frame is seen. On the page of a real video, the frame that is drawn is compared with the time
stamp that the browser gives for the picture that it presents.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.browsers import browser
from tests.counters import SEEKS

_SEEKS_OF_A_VISIT = 15
_THINK_S = 0.5
_READY = "#result[data-state=ready]"
_FIRST = "canvas[data-frame]:not([data-frame=''])"

_REAL_SEEKS = """
async wanted => {
  const { player } = document.getElementById('result');
  const canvas = document.querySelector('[data-part=canvas]');
  let presented = null;
  const watch = (now, { mediaTime }) => { presented = mediaTime; player.video.requestVideoFrameCallback(watch); };
  player.video.requestVideoFrameCallback(watch);
  const wrong = [], milliseconds = [];
  for (const index of wanted) {
    if (player.index === index) continue;
    const begun = performance.now();
    player.seek(index);
    while (canvas.dataset.frame !== String(index) && performance.now() - begun < 5000)
      await new Promise(requestAnimationFrame);
    milliseconds.push(performance.now() - begun);
    for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
    const off = Math.abs(presented - player.mediaTimes[index]);
    if (canvas.dataset.frame !== String(index) || !(off < 0.01)) wrong.push([index, canvas.dataset.frame, presented]);
  }
  return { wrong, milliseconds };
}
"""


@dataclass
class Seen:
    """What the browsers saw.

    Attributes:
        milliseconds: How long each visit of a page, and each seek, took.
        statuses: Answers by status, of everything that pages load.
        wrong: Frames with another frame's overlay, or that never came.
        errors: Errors of scripts, and visits that failed.
    """

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[Any] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def browse(address: str, counted: tuple[str, int], real: tuple[str, int], seed: int, until_s: float) -> Seen:
    """Visit pages and seek in them until a time of `time.monotonic`.

    Args:
        address: Address of the service.
        counted: Path of the result of a counted video, and its number of frames.
        real: The same of a real one.
        seed: Seed of what is sought.
        until_s: When to stop.
    """
    seen, random = Seen(), Random(seed)
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.on("response", lambda answer: seen.statuses.update([answer.status]))
        page.on("pageerror", lambda error: seen.errors.append(str(error)[:200]))

        def timed(kind: str, visit: Callable[[], Any]) -> None:
            begun = time.perf_counter()
            visit()
            seen.milliseconds[kind].append(1000 * (time.perf_counter() - begun))

        def result(kind: str, path: str, frames: int, script: str) -> None:
            page.goto(f"{address}{path}")
            page.wait_for_selector(_READY)
            page.wait_for_selector(_FIRST)
            found = page.evaluate(script, [random.randrange(frames) for _ in range(_SEEKS_OF_A_VISIT)])
            seen.milliseconds[f"seek, {kind} video"] += found["milliseconds"]
            seen.wrong += found["wrong"]

        while time.monotonic() < until_s:
            try:
                timed("start page", lambda: page.goto(address))
                timed("counted result with seeks", lambda: result("counted", *counted, SEEKS))
                timed("real result with seeks", lambda: result("real", *real, _REAL_SEEKS))
            except Exception as error:
                seen.errors.append(f"{type(error).__name__}: {error}"[:200])
            time.sleep(random.expovariate(1 / _THINK_S))
    return seen
