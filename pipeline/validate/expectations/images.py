"""Every labelled frame is there."""

from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays


class ImagesReadable(Check):
    """Every labelled image is there, can be read, and has the size that the table says."""

    def find(self, labels: LabelArrays) -> Findings:
        """See `Check.find`."""
        items = []
        for row in (labels.size != labels.file_size).any(axis=1).nonzero()[0].tolist():
            width, height = labels.size[row]
            found_w, found_h = labels.file_size[row]
            found = "no readable image" if found_w < 0 else f"{found_w}x{found_h} pixels"
            items.append(Finding(row, "", found, f"{width}x{height} pixels", "run the collect stage again"))
        return Findings(len(labels), "images", items)
