"""Why an image or a frame is not measured: every reason as a code for counting (docs/predict.md says what each means).

The codes stand in result files, so a code never gets another meaning. New ones may be added.
"""

from enum import StrEnum


class Reason(StrEnum):
    """The codes of all reasons."""

    # of every measure: what was looked for is not there, or is not believed
    NOT_FOUND = "not_found"
    LOOKS_DIFFER = "looks_differ"
    TOO_SMALL = "too_small"
    SEVERAL_PEOPLE = "several_people"
    # of the rear-foot angle: markers are missing
    NO_LEGS = "no_legs"
    ONE_LEG = "one_leg"
    MISSING_MARKER = "missing_marker"
    # of the rear-foot angle: the markers do not form two legs
    LEGS_NOT_SEPARABLE = "legs_not_separable"
    NOT_TOP_TO_BOTTOM = "not_top_to_bottom"
    COINCIDING_MARKERS = "coinciding_markers"
    SEGMENT_RATIO = "segment_ratio"
    LEG_RATIO = "leg_ratio"
    LEGS_OVERLAP = "legs_overlap"
    LEGS_NOT_SIDE_BY_SIDE = "legs_not_side_by_side"
    ANGLE_LIMIT = "angle_limit"
    # of a footprint
    MISSING_POINT = "missing_point"
    SCALE_UNKNOWN = "scale_unknown"
    LENGTH_LIMIT = "length_limit"
