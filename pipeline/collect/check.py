"""Is an inbox fit to be versioned: every file opened, every label file read against the media it names."""

from dataclasses import dataclass, field
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.media import is_image, is_video
from heelstrike.progress import progress
from heelstrike.video.reader import VideoReader
from pipeline.collect.frames import look_at_still
from pipeline.collect.labels import Labels
from pipeline.collect.readers import READERS
from pipeline.collect.settings import CollectSettings
from pipeline.problem import Problem
from pipeline.synthetic.settings import SyntheticSource

REASON_SUFFIX = ".reason.txt"


@dataclass
class Checked:
    """Files of an inbox, by name relative to it.

    Attributes:
        accepted: Label files without findings and the media they name, sorted.
        rejected: Everything else, to the reason why.
    """

    accepted: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def check_inbox(inbox: Path, settings: CollectSettings, problem: Problem) -> Checked:
    """Open every video and image, read every label file, and see that they fit together.

    A label file with any finding is rejected whole, and with it the media that no other label file names: half a
    batch would have to be ingested twice.
    """
    paths = (p for p in inbox.rglob("*") if p.is_file() and not p.name.startswith(".") and p.suffix)
    names = sorted(p.relative_to(inbox).as_posix() for p in paths if not p.name.endswith(REASON_SUFFIX))
    checked = Checked()
    lengths = _open_media(inbox, names, checked)
    named: set[str] = set()
    label_files: set[str] = set()
    for source in settings.sources:
        if isinstance(source, SyntheticSource):
            continue
        for name in sorted(path.relative_to(inbox).as_posix() for path in inbox.glob(source.labels)):
            label_files.add(name)
            try:
                labels = READERS[source.kind](inbox / name, inbox, source, problem)
                if labels.table.empty:
                    reasons = "; ".join(f"{reason} ({len(rows)})" for reason, rows in labels.dropped.items())
                    checked.rejected[name] = f"nothing of it can be used: {reasons or 'nothing is labelled'}"
                    continue
                _fits(name, labels, lengths, checked.rejected)
            except UserError as error:
                checked.rejected[name] = str(error).replace(f"{inbox}/", "")
                continue
            named |= set(labels.table["media"])
            checked.accepted.append(name)
    looked_for = ", ".join(s.labels for s in settings.sources if not isinstance(s, SyntheticSource)) or "nothing"
    for name in names:
        if name in label_files or name in checked.rejected:
            continue
        if name in named:
            checked.accepted.append(name)
        elif name in lengths:
            checked.rejected[name] = "no label file without findings names it"
        else:
            checked.rejected[name] = f"neither video, image nor label file; label files are {looked_for}"
    checked.accepted.sort()
    return checked


def _open_media(inbox: Path, names: list[str], checked: Checked) -> dict[str, int]:
    """Decode every video and image to its end; a sound video's number of frames, 0 for an image."""
    media = [name for name in names if is_video(name) or is_image(name)]
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
    if is_image(path.name):
        look_at_still(path)
        return 0
    with VideoReader(path) as reader:
        return reader.count()


def _fits(name: str, labels: Labels, lengths: dict[str, int], rejected: dict[str, str]) -> None:
    """Refuse labels of media that are bad, and of frames beyond a video's end."""
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
