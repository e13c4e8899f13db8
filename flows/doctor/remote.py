"""Check of DVC's remote, to which new data is pushed."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from heelstrike.doctor.findings import Finding, fault, ok, warning
from heelstrike.doctor.folders import check_folder
from heelstrike.errors import first_line
from heelstrike.redact import redacted, without_password
from heelstrike.stores import is_server
from heelstrike.waits import limit_s, within

if TYPE_CHECKING:
    from dvc.repo import Repo

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


def _asked(repo: "Repo", name: str, address: str) -> Finding:
    """Ask a remote on a network for its folder."""
    subject = without_password(address)
    try:
        within(limit_s(), partial(_list, repo, name, address))
    except FileNotFoundError:
        advice = "right before the first push; otherwise correct its address in .dvc/config"
        return warning("dvc", f"{subject}: nothing is there", advice)
    except Exception as error:  # of the protocol's own library, or of DVC if that is not installed
        reason = first_line(redacted(str(error), address)) or type(error).__name__
        return fault("dvc", f"{subject}: {reason}", "docs/stores.md has the set-up of remotes")
    return ok("dvc", f"{subject} answers")


def _list(repo: "Repo", name: str, address: str) -> None:
    """List a remote's folder. A web server has no listing, and DVC takes one that is down for an empty one."""
    if is_server(address):
        requests.head(address, timeout=limit_s(), allow_redirects=True)
        return
    remote = repo.cloud.get_remote_odb(name)
    remote.fs.fs.ls(remote.fs.fs._strip_protocol(remote.path), detail=False)
