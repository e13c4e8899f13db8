"""Expectation that no image belongs to two subjects, which would leak it across a split by subject."""

from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays


class NoImageOfTwoSubjects(Check):
    """No image is the same or nearly the same as an image of another subject."""

    bits: Annotated[int, Field(ge=0, le=64, description="largest difference of perceptual hashes, of 64 bits")] = 2

    def find(self, labels: LabelArrays) -> Findings:
        """Report every image that has a near duplicate of another subject."""
        # imported here because it loads image libraries, which reading params.yaml does not need
        from pipeline.near_duplicates import near_pairs

        hashes, code = np.unique(labels.phash.astype(str), return_inverse=True)
        pairs = np.asarray(near_pairs(hashes.tolist(), self.bits), dtype=np.int64).reshape(-1, 2)
        # for each hash, the first row of up to two subjects that have an image with this hash or a near one
        own = _first_rows(labels, code, len(hashes))
        near = [dict(rows) for rows in own]
        for pair in pairs.tolist():
            for target, neighbour in (pair, pair[::-1]):
                for subject, row in own[neighbour].items():
                    if len(near[target]) < 2:
                        near[target].setdefault(subject, row)
        items = []
        for row, c in enumerate(code.tolist()):
            subject = labels.subject[row]
            duplicate = next((r for s, r in near[c].items() if s != subject), None)
            if duplicate is not None:
                distance = (int(labels.phash[row], 16) ^ int(labels.phash[duplicate], 16)).bit_count()
                found = (
                    f"{distance} of 64 bits away from {labels.image[duplicate]} of subject {labels.subject[duplicate]}"
                )
                suggestion = "give both the same subject, or take one out"
                items.append(Finding(row, "", found, f"only images of subject {subject} so near", suggestion))
        return Findings(len(labels), "images", items)


def _first_rows(labels: LabelArrays, code: np.ndarray, hashes: int) -> list[dict[str, int]]:
    """For each hash, return subject -> its first row with this hash, for the first two subjects."""
    first_rows: list[dict[str, int]] = [{} for _ in range(hashes)]
    for row, c in enumerate(code.tolist()):
        if len(first_rows[c]) < 2:
            first_rows[c].setdefault(labels.subject[row], row)
    return first_rows
