"""Agreement of a measurement with the truth (Bland and Altman, Lancet 1986; 1: 307-310)."""

import numpy as np
from jaxtyping import Float


def agreement(differences: Float[np.ndarray, "N"], unit: str) -> dict[str, float]:
    """Errors of a measured quantity over all pairs of measured and true value; NaN is left out.

    Args:
        differences: Measured minus true.
        unit: Suffix of the names: `median_deg`.

    Returns:
        `median`, `mean`, `p95` of the absolute difference, `rmse`; `bias` (mean difference), and `loa_low`, `loa_high`,
        the limits between which 95 % of the differences lie if they are normal: bias -/+ 1.96 standard deviations.
    """
    known = np.asarray(differences, np.float64)
    known = known[np.isfinite(known)]
    names = ("median", "mean", "p95", "rmse", "bias", "loa_low", "loa_high")
    if not len(known):
        return {f"{name}_{unit}": float("nan") for name in names}
    size, bias = np.abs(known), known.mean()
    spread = 1.96 * known.std(ddof=1) if len(known) > 1 else float("nan")
    values = (
        np.median(size),
        size.mean(),
        np.quantile(size, 0.95),
        np.sqrt(np.mean(known**2)),
        bias,
        bias - spread,
        bias + spread,
    )
    return {f"{name}_{unit}": float(value) for name, value in zip(names, values, strict=True)}
