"""The roles of users."""

from enum import StrEnum


class Role(StrEnum):
    """What a user is.

    Every user makes and shares evaluations. Labellers also label frames, reviewers see labels, administrators label and
    manage users (heelstrike/serve/label/access.py).
    """

    CLINICIAN = "clinician"
    LABELLER = "labeller"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"
