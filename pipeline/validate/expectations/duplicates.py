"""No picture stands under two subjects: a split by subject would leak it."""

from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays


class NoImageOfTwoSubjects(Check):
    """No image is the same or nearly the same as an image of another subject."""

    bits: Annotated[int, Field(ge=0, le=64, description="perceptual hashes may differ by this many of 64 bits")] = 2

    def find(self, labels: LabelArrays) -> Findings:
        """See `Check.find`."""
        from pipeline.near_duplicates import near_pairs  # here: it loads image libraries, and params.yaml loads this

        hashes, code = np.unique(labels.phash.astype(str), return_inverse=True)
        pairs = np.asarray(near_pairs(hashes.tolist(), self.bits), dtype=np.int64).reshape(-1, 2)
        # the first row of each of up to two subjects that show a hash or one near it
        own = _two_subjects(labels, code, len(hashes))
        near = [dict(seen) for seen in own]
        for a, b in pairs.tolist():
            for into, other in ((a, b), (b, a)):
                for subject, row in own[other].items():
                    if len(near[into]) < 2:
                        near[into].setdefault(subject, row)
        items = []
        for row, c in enumerate(code.tolist()):
            subject = labels.subject[row]
            others = [r for s, r in near[c].items() if s != subject]
            if others:
                other = others[0]
                distance = (int(labels.phash[row], 16) ^ int(labels.phash[other], 16)).bit_count()
                found = f"{distance} of 64 bits away from {labels.image[other]} of subject {labels.subject[other]}"
                suggestion = "give both the same subject, or take one out"
                items.append(Finding(row, "", found, f"only images of subject {subject} so near", suggestion))
        return Findings(len(labels), "images", items)


def _two_subjects(labels: LabelArrays, code: np.ndarray, hashes: int) -> list[dict[str, int]]:
    seen: list[dict[str, int]] = [{} for _ in range(hashes)]
    for row, c in enumerate(code.tolist()):
        if len(seen[c]) < 2:
            seen[c].setdefault(labels.subject[row], row)
    return seen
