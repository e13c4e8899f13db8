"""What the report says of the toy head."""

from pipeline.heads.words import Findings, HeadWords


class VisibleWords(HeadWords):
    """See `HeadWords`."""

    captions = {}
    figures = ()

    def verdict(self, findings: Findings) -> str:
        """See `HeadWords`."""
        return f"It is {findings.metrics['visible']['points_off']:.1f} points off."

    def rows(self, findings: Findings) -> list[list[str]]:
        """See `HeadWords`."""
        return [["miscount", f"{findings.metrics['visible']['points_off']:.3f}", "–", "mean over all images"]]


WORDS = VisibleWords()
