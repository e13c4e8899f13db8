"""The roles of users."""

from enum import StrEnum


class Role(StrEnum):
    """What a user is. Every user makes and shares evaluations; administrators also add and remove users."""

    CLINICIAN = "clinician"
    LABELLER = "labeller"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"
