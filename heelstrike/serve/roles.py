"""The roles of users."""

from enum import StrEnum


class Role(StrEnum):
    """What a user is. Every user makes evaluations; the pages for labels and evidence ask for a role."""

    CLINICIAN = "clinician"
    LABELLER = "labeller"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"
