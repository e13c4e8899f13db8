"""Check of an inbox before it is versioned: every file is opened, every label file is compared with its media."""

from dataclasses import dataclass, field
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.media import files_below, files_matching, is_image, kind_of
from heelstrike.progress import progress
from heelstrike.video.reader import VideoReader
from pipeline.collect.frames import read_still
from pipeline.collect.labels import Labels
from pipeline.collect.readers import READERS
from pipeline.collect.settings import CollectSettings
from pipeline.problem import Problem
from pipeline.synthetic.settings import SyntheticSource

REASON_SUFFIX = ".reason.txt"


@dataclass
class Checked:
    """The result of the check; files are named relative to the inbox.

    Attributes:
        accepted: Label files without findings and the media they name, sorted.
        rejected: Reason by name, for every other file.
    """

    accepted: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def check_inbox(inbox: Path, settings: CollectSettings, problem: Problem) -> Checked:
    """Open every video and image, read every label file, and check that they fit together.

    A label file with any finding is rejected as a whole, together with the media that no other label file names.
    Otherwise a batch would have to be ingested in two halves.
    """
    paths = (path for path in files_below(inbox) if not path.name.endswith(REASON_SUFFIX))
    names = sorted(path.relative_to(inbox).as_posix() for path in paths)
    checked = Checked()
    lengths = _open_media(inbox, names, checked)
    named: set[str] = set()
    label_files: set[str] = set()
    for source in settings.sources:
        if isinstance(source, SyntheticSource):
            continue
        for name in sorted(path.relative_to(inbox).as_posix() for path in files_matching(inbox, source.labels)):
            label_files.add(name)
            try:
                labels = READERS[source.kind](inbox / name, inbox, source, problem)
                if labels.table.empty:
                    reasons = "; ".join(f"{reason} ({len(rows)})" for reason, rows in labels.dropped.items())
                    checked.rejected[name] = f"none of its labels can be used: {reasons or 'nothing is labelled'}"
                    continue
                _check_media(name, labels, lengths, checked.rejected)
            except UserError as error:
                checked.rejected[name] = str(error).replace(f"{inbox}/", "")
                continue
            named |= set(labels.table["media"])
            checked.accepted.append(name)
    patterns = ", ".join(s.labels for s in settings.sources if not isinstance(s, SyntheticSource)) or "nothing"
    for name in names:
        if name in label_files or name in checked.rejected:
            continue
        if name in named:
            checked.accepted.append(name)
        elif name in lengths:
            checked.rejected[name] = "no label file without findings names it"
        else:
            checked.rejected[name] = f"neither video, image nor label file; label files are {patterns}"
    checked.accepted.sort()
    return checked


def _open_media(inbox: Path, names: list[str], checked: Checked) -> dict[str, int]:
    """Decode every video and image to its end; return the number of frames of each readable one, 0 for an image."""
    media = [name for name in names if kind_of(inbox / name)]
    lengths: dict[str, int] = {}
    with progress("open videos and images", len(media)) as bar:
        for name in media:
            try:
                lengths[name] = _length(inbox / name)
            except UserError as error:
                checked.rejected[name] = str(error).replace(f"{inbox}/", "")
            bar.advance()
    return lengths


def _length(path: Path) -> int:
    if is_image(path):
        read_still(path)
        return 0
    with VideoReader(path) as reader:
        return reader.count()


def _check_media(name: str, labels: Labels, lengths: dict[str, int], rejected: dict[str, str]) -> None:
    """Refuse labels of media that cannot be used, and of frames beyond a video's end."""
    table = labels.table
    findings = []
    for source, media, frame in zip(table["source"], table["media"], table["frame"], strict=True):
        if media not in lengths:
            findings.append(f"{source}: {media} cannot be used: {rejected.get(media, 'it is not in the inbox')}")
        elif frame >= max(lengths[media], 1):
            findings.append(f"{source}: frame {frame} of {media}, which has the frames 0 to {lengths[media] - 1}")
    if findings:
        rest = len(findings) - 20
        raise UserError("\n".join(findings[:20] + ([f"{name}: and {rest} more"] if rest > 0 else [])))
