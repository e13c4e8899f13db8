"""Expectation that every labelled image can be read."""

from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays


class ImagesReadable(Check):
    """Every labelled image is there, can be read, and has the size that the table says."""

    def find(self, labels: LabelArrays) -> Findings:
        """Report every image whose file is missing, cannot be read, or has another size than the table."""
        items = []
        for row in (labels.size != labels.file_size).any(axis=1).nonzero()[0].tolist():
            width, height = labels.size[row]
            file_width, file_height = labels.file_size[row]
            found = "no readable image" if file_width < 0 else f"{file_width}x{file_height} pixels"
            items.append(Finding(row, "", found, f"{width}x{height} pixels", "run the collect stage again"))
        return Findings(len(labels), "images", items)
