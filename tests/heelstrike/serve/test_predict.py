"""One image in, its result out."""

import json

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from heelstrike.results import PredictionResult

PHOTO = cv2.imencode(".png", np.full((120, 160, 3), 150, np.uint8))[1].tobytes()


def test_an_image_is_measured(client: TestClient) -> None:
    answer = client.post("/api/predict", content=PHOTO)
    assert answer.status_code == 200
    result = PredictionResult.model_validate(answer.json())
    assert (result.source.width, result.source.height, result.model.problem) == (160, 120, "rearfoot")
    assert result.frames[0].measure.values["left"] == pytest.approx(3.8, abs=0.1)
    assert json.loads(answer.text)["format"] == "heelstrike-prediction"
    assert "network;dur=" in answer.headers["Server-Timing"]


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 415, "the body is no image"),
        (b"\0\0\0\x20ftypisom" + bytes(99), 415, "the body is no image"),
        (PHOTO[:200], 422, "the image: not a readable image"),
    ],
    ids=["empty", "video", "cut"],
)
def test_what_is_no_image_is_refused(client: TestClient, content: bytes, status: int, message: str) -> None:
    answer = client.post("/api/predict", content=content)
    assert (answer.status_code, answer.json()["error"][: len(message)]) == (status, message)
