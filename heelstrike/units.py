"""Units of length."""

MM_PER_INCH = 25.4
