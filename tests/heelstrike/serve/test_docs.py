"""The commands of docs/serve.md, run as they stand there."""

import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from heelstrike.results import read_result
from tests.service import serving

DOCUMENT = Path(__file__).parents[3] / "docs" / "serve.md"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_calls_of_the_document(tmp_path: Path, package: Path, walk: bytes) -> None:
    (script,) = [block for block in re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL) if "# 1." in block]
    (tmp_path / "walk.mp4").write_bytes(walk)
    cv2.imwrite(str(tmp_path / "photo.jpg"), np.full((120, 160, 3), 150, np.uint8))
    with serving(tmp_path / "data", "--package", str(package)) as server:
        script = script.replace("http://127.0.0.1:8377", server.address)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert len(read_result(tmp_path / "walk.mp4.json").frames) == 10
    assert len(read_result(tmp_path / "photo.json").frames) == 1
    assert (tmp_path / "walk.mp4.overlay.mp4").read_bytes()[4:8] == b"ftyp"
    assert list((tmp_path / "data" / "evaluations").iterdir()) == []
