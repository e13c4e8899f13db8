import threading
import time
from contextlib import closing

import pytest

from heelstrike.predict.ahead import ahead
from heelstrike.video.reader import VideoReader
from tests import videos


def test_items_come_in_order():
    assert list(ahead(range(100), 3)) == list(range(100))


def test_error_comes_after_the_items_before_it():
    def source():
        yield 1
        yield 2
        raise ValueError("third")

    items = ahead(source(), 5)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="third"):
        next(items)


def test_it_runs_ahead_no_further_than_told():
    made = []

    def source():
        for n in range(50):
            made.append(n)
            yield n

    items = ahead(source(), 4)
    next(items)
    time.sleep(0.3)
    assert len(made) <= 4 + 2  # in the queue, in the thread's hand, taken
    items.close()


def test_leaving_early_ends_the_thread_and_closes_the_source():
    before, closed = threading.active_count(), []

    def source():
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    for _ in ahead(ahead(source(), 2), 2):
        break
    deadline = time.time() + 5
    while threading.active_count() > before and time.time() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
    assert closed == [True]


def test_stages_overlap():
    made = [threading.Event() for _ in range(5)]

    def source():
        for number, event in enumerate(made):
            event.set()
            yield number

    def second(items):
        for number in items:
            assert all(event.wait(60) for event in made[: number + 2]), "the source waits for its consumer"
            yield number

    assert list(ahead(second(ahead(source(), 2)), 2)) == [0, 1, 2, 3, 4]


def test_a_source_that_cannot_start_or_end_is_an_error_and_no_endless_wait():
    class Unstartable:
        def __iter__(self):
            raise ValueError("no start")

    def unclosable():
        try:
            yield 1
        finally:
            raise ValueError("no end")

    with pytest.raises(ValueError, match="no start"):
        list(ahead(Unstartable(), 2))
    with pytest.raises(ValueError, match="no end"):
        list(ahead(unclosable(), 2))


def test_an_error_within_a_video_ends_its_decoder_before_the_video_is_closed(tmp_path):
    path = videos.write_video(tmp_path / "a.mp4", frames=40, width=320, height=240)

    def predictions(reader):
        with closing(ahead(reader.frames(), 4)) as frames:
            for frame in frames:
                if frame.number == 7:
                    raise ValueError("the network's")
                yield frame.number

    before = threading.active_count()
    for _ in range(20):  # a decoder that outlives its container crashes the process
        with (
            pytest.raises(ValueError, match="the network's"),
            VideoReader(path) as reader,
            closing(ahead(predictions(reader), 4)) as items,
        ):
            list(items)
        assert threading.active_count() < before + 8
