"""Pixels that are not square: one rule for images, scans and videos.

They are refused, in training and in prediction. They are not resampled, since coordinates of labels are in the stored
pixels for one annotation tool and in the displayed ones for another, and the file does not say which.
"""

_TOLERANCE = 0.01  # programs round sizes and ratios; at 45 degrees, 1 % turns an angle by 0.3 degrees


def are_square(width: float, height: float) -> bool:
    """Return True if the sides of a pixel, in any common unit, differ by no more than rounding."""
    return max(width, height) <= min(width, height) * (1 + _TOLERANCE)
