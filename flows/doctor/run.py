"""All checks of a checkout by the subjects of their findings."""

from functools import partial
from pathlib import Path

from flows.doctor.remote import check_remote
from flows.doctor.repository import check_git, check_params
from flows.doctor.requirements import check_requirements
from flows.doctor.servers import check_prefect, check_schedules, check_study
from heelstrike.doctor.findings import Check
from heelstrike.doctor.folders import check_folder
from heelstrike.doctor.run import consumer_checks

_LEAST_GB = 10.0  # data, packages and versions of a few retrains
_WORK_ADVICE = "move the checkout to another disk; `heelstrike gc` lists what may go"


def checkout_checks(root: Path) -> dict[str, Check]:
    """Return the checks of every environment and those of a checkout.

    Args:
        root: Root of the checkout.
    """
    work = partial(check_folder, "work", root / ".work", least_gb=_LEAST_GB, advice=_WORK_ADVICE)
    return consumer_checks(root) | {
        "packages": partial(check_requirements, root),
        "params": partial(check_params, root),
        "git": partial(check_git, root),
        "dvc": partial(check_remote, root),
        "work": work,
        "study": check_study,
        "prefect": check_prefect,
        "schedule": partial(check_schedules, root),
    }
