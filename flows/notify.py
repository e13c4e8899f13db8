"""Tells people about a candidate by whatever apprise can reach: e-mail, Slack, Teams, a webhook.

The addresses hold passwords, so they come from the environment or a file and are never printed. That a message could
not be sent stops nothing: the registry holds the truth, and `heelstrike approvals` shows it.
"""

import logging
import os
from pathlib import Path

from pipeline.params import ProblemParams
from pipeline.registry.promote import PromotionResult

_SENT = {"waiting": "waits for approval", "promoted": "is the champion now", "refused": "was refused"}


def notify(problem: str, params: ProblemParams, outcome: PromotionResult) -> str | None:
    """Send one message about a candidate to each address that `gates.notify` leads to, unless it is told again.

    Returns:
        What went wrong, in one line without any address; `None` if every message was sent or nobody is to be told.
    """
    if params.gates.notify is None or outcome.kind not in _SENT or outcome.repeated:
        return None
    addresses = _addresses(params.gates.notify)
    if not addresses:
        return f"nobody was told: {params.gates.notify} and {params.gates.notify}_FILE are empty (gates.notify)"
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its lines contain addresses
    services = apprise.Apprise()
    refused = sum(not services.add(address) for address in addresses)
    if refused:
        return f"{refused} of {len(addresses)} addresses of {params.gates.notify} are none that apprise understands"
    title = f"{problem}/{outcome.version} {_SENT[outcome.kind]}"
    if services.notify(title=title, body=_body(problem, outcome)) is not True:
        return f"not every address of {params.gates.notify} could be reached to tell that {title}"
    return None


def _body(problem: str, outcome: PromotionResult) -> str:
    if outcome.kind == "waiting":
        version = f"{problem}/{outcome.version}"
        return f"{outcome.why}. heelstrike approve {version}, or heelstrike reject {version} --why REASON"
    return outcome.why


def _addresses(variable: str) -> list[str]:
    """Addresses in an environment variable and in the file that VARIABLE_FILE names, separated by white space."""
    text = os.environ.get(variable, "")
    file = os.environ.get(f"{variable}_FILE")
    if file:
        try:
            text += "\n" + Path(file).read_text()
        except (OSError, UnicodeDecodeError):
            return []
    return text.split()
