"""Check of an inbox's label files with their images and with each other, as the collect stage will do it."""

from collections.abc import Collection, Sequence
from pathlib import Path

from heelstrike.errors import UserError
from pipeline.collect.corrections import correct
from pipeline.collect.file_source import FileSource
from pipeline.collect.images import with_images
from pipeline.collect.labelled_sizes import in_image_pixels
from pipeline.collect.settings import CollectSettings
from pipeline.collect.sources import one_table, read_files
from pipeline.layout import Layout
from pipeline.problem import Problem


def refused_together(
    inbox: Path,
    by_source: Sequence[tuple[FileSource, set[str]]],
    settings: CollectSettings,
    problem: Problem,
    layout: Layout,
) -> dict[str, str]:
    """Return the label files that collect would refuse although each can be read alone, with the findings.

    Examples are labels of images of another size, and a picture that is labelled twice. Such a batch could not be
    changed any more once it is versioned. The frames and facts that are read here are kept for the collect stage.

    Args:
        inbox: The folder.
        by_source: The label files that each source reads, relative to the inbox; their media can be read.
        settings: The settings of the collect stage.
        problem: The problem.
        layout: Layout of the problem, which has the work cache.
    """
    refused = dict[str, str]()
    while remaining := set[str]().union(*(names for _, names in by_source)) - set(refused):
        try:
            _collect(inbox, by_source, remaining, settings, problem, layout)
        except UserError as error:
            findings = str(error).replace(f"{inbox}/", "")
            refused |= dict.fromkeys({name for name in remaining if name in findings} or remaining, findings)
        else:
            break
    return refused


def _collect(
    inbox: Path,
    by_source: Sequence[tuple[FileSource, set[str]]],
    wanted: Collection[str],
    settings: CollectSettings,
    problem: Problem,
    layout: Layout,
) -> None:
    """Do what collect does with these label files up to the labels in pixels of their images.

    Raises:
        UserError: Collect would refuse them.
    """
    sources = [
        read_files(source, source.kind, inbox, "", [inbox / name for name in sorted(names & set(wanted))], problem)
        for source, names in by_source
    ]
    table = one_table(sources)
    if table.empty:
        return
    table = correct(with_images(table, layout), keep_repeated=settings.repeated_pictures == "keep").table
    in_image_pixels(table, problem.keypoints)
