"""A real browser, and a service in a thread for it."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from heelstrike.serve.app import create_app
from heelstrike.serve.approvals import Approvals
from heelstrike.serve.settings import ServeSettings

_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_H264 = "document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')"


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium without a window; the test is skipped, with the reason, if there is none that plays H.264."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("there is no Chromium; `apt-get install chromium`")
    with sync.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, headless=True, args=list(_FLAGS))
        try:
            page = chromium.new_page()
            if not page.evaluate(_H264):
                pytest.skip(f"{path} does not play H.264")
            page.close()
            yield chromium
        finally:
            chromium.close()


@contextmanager
def serving(settings: ServeSettings, approvals: Approvals | None = None) -> Iterator[str]:
    """Run a service on a free port, and give its address."""
    config = uvicorn.Config(create_app(settings, approvals), port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
