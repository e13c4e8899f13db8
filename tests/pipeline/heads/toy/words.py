"""What the report says of the toy head."""

from pipeline.heads.words import EvaluationResults, HeadWords


class VisibleWords(HeadWords):
    """See `HeadWords`."""

    captions = {}
    figures = ()

    def verdict(self, results: EvaluationResults) -> str:
        """See `HeadWords`."""
        return f"It is {results.metrics['visible']['points_off']:.1f} points off."

    def rows(self, results: EvaluationResults) -> list[list[str]]:
        """See `HeadWords`."""
        return [["miscount", f"{results.metrics['visible']['points_off']:.3f}", "–", "mean over all images"]]


WORDS = VisibleWords()
