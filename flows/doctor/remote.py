"""Check of DVC's remote, to which new data is pushed."""

from collections.abc import Iterator
from pathlib import Path

from heelstrike.doctor.findings import Finding, fault, ok, warning
from heelstrike.doctor.folders import check_folder
from heelstrike.errors import first_line
from heelstrike.redact import redacted, without_password
from heelstrike.waits import limit_s, within

_LEAST_GB = 10.0


def check_remote(root: Path) -> Iterator[Finding]:
    """Check that the default remote is configured and answers; of a folder, that it can be written and has space.

    Args:
        root: Root of the checkout.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            name = repo.config["core"].get("remote")
            if not name:
                yield warning(
                    "dvc", "no default remote: data has no second copy", "dvc remote add --default NAME PLACE"
                )
                return
            address = str(repo.config["remote"][name]["url"])
            if "://" not in address:
                yield from check_folder("dvc", Path(address), least_gb=_LEAST_GB, advice="change .dvc/config")
                return
            yield _asked(repo, name, address)
    except (DvcException, KeyError) as error:
        yield fault("dvc", first_line(str(error)), "correct .dvc/config (docs/stores.md)")


def _asked(repo: object, name: str, address: str) -> Finding:
    """Ask a remote on a network whether its folder is there; an empty one answers too."""

    def ask() -> None:
        remote = repo.cloud.get_remote_odb(name)  # type: ignore[attr-defined]
        remote.fs.exists(remote.path)

    try:
        within(limit_s(), ask)
    except Exception as error:  # of the protocol's own library, or of DVC if that is not installed
        reason = first_line(redacted(str(error), address)) or type(error).__name__
        return fault("dvc", f"{without_password(address)}: {reason}", "docs/stores.md has the set-up of remotes")
    return ok("dvc", f"{without_password(address)} answers")
