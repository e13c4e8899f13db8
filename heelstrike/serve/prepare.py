"""What the pages need besides the results: columns, signals for the queue of labels, copies that browsers show."""

from collections.abc import Iterable
from pathlib import Path

from heelstrike.predict.writing import Predicted
from heelstrike.progress import progress
from heelstrike.serve.columns import header_of, write_columns
from heelstrike.serve.label.signals import signals_of
from heelstrike.serve.viewing import view_path, write_view


def prepare_pages(done: Iterable[Predicted], views: Path) -> None:
    """Write columns and signals beside each result, and the copies that are not there yet.

    Args:
        done: The inputs with their results.
        views: Folder of the copies.
    """
    done = list(done)
    with progress("prepare pages", sum(predicted.summary.frames for predicted in done)) as bar:
        for predicted in done:
            write_columns(predicted.files[0])
            header = header_of(predicted.files[0])
            if header["result"]["keypoints"]:
                signals_of(predicted.files[0], tuple(header["result"]["keypoints"]), header["frames"])
            target = views / predicted.input.name
            if view_path(predicted.input, target).exists():
                bar.advance(predicted.summary.frames)
            else:
                write_view(predicted.input, target, bar.advance)
