"""Settings of evaluation."""

from typing import Annotated

from pydantic import Field

from heelstrike.settings import Strict


class PckSettings(Strict):
    """The share of points near their label, in units of the figure's size and of the image's (pck.py)."""

    thresholds: Annotated[
        tuple[Annotated[float, Field(ge=0.01, le=1, multiple_of=0.01)], ...],
        Field(min_length=1, description="distances by size, hundredths"),
    ] = (0.05, 0.10, 0.15, 0.20)
    failures: Annotated[int, Field(ge=1, description="worst images in the gallery of failures")] = 12


class EvaluateSettings(Strict):
    """What is reported besides the metrics."""

    bands_px: Annotated[
        tuple[float, float],
        Field(description="RMSE in original pixels: acceptable below the first, bad below the second"),
    ] = (10.0, 25.0)
    radii_mm: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...],
        Field(description="share of points within each radius of their label, where pixels have a size"),
    ] = (2.0, 2.5, 3.0, 4.0)
    coverage: Annotated[
        float | None,
        Field(
            ge=0.5,
            le=0.99,
            description="share of points that is to lie within its radius, fitted on the validation split and carried "
            "by the package (conformal.py); null: no radii",
        ),
    ] = 0.9
    bootstrap: Annotated[int, Field(ge=100, le=1_000_000, description="subject-clustered bootstrap samples")] = 2000
    sheet_images: Annotated[int, Field(ge=1, description="images of each kind on the overlay sheet")] = 4
    pck: Annotated[PckSettings | None, Field(description="PCK, its curve and a gallery of failures; null: without")] = (
        None
    )
    seed: Annotated[int, Field(ge=0, description="seed of the bootstrap")] = 1
