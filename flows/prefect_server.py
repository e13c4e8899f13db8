"""A check that the Prefect server that is configured answers, before a flow begins."""

from heelstrike.errors import UserError, first_line
from heelstrike.redact import redacted, without_password
from heelstrike.waits import LIMIT, limit_s, within


def check_prefect_server() -> None:
    """Ask the server at PREFECT_API_URL, or of the active profile, for its version. Do nothing if none is configured.

    Raises:
        UserError: The server does not answer within the limit, or is not a Prefect server.
    """
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL

    address = PREFECT_API_URL.value()
    if not address:
        return

    def version() -> object:
        with get_client(sync_client=True, httpx_settings={"timeout": limit_s()}) as client:
            return client.api_version()

    advice = "set PREFECT_API_URL to where it is, or unset it to run without a server (docs/stores.md)"
    try:
        answer = within(limit_s(), version)
    except TimeoutError:
        reason = f"no Prefect server answers there within {limit_s():g} s ({LIMIT} changes this limit)"
    except Exception as error:  # of httpx, of JSON, or Prefect's own
        cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
        reason = (
            f"no Prefect server answers there ({first_line(redacted(str(cause), address)) or type(cause).__name__})"
        )
    else:
        if isinstance(answer, str):
            return
        reason = "answers, but is not a Prefect server"
    raise UserError(f"{without_password(address)}: {reason}; {advice}") from None


def require_prefect_server() -> None:
    """Check that a permanent server is configured.

    Raises:
        UserError: PREFECT_API_URL is not set.
    """
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():
        raise UserError(
            "PREFECT_API_URL is not set, and a schedule needs a permanent Prefect server; start one with "
            "`prefect server start`, and set it, for instance to http://127.0.0.1:4200/api (docs/scheduling.md)"
        )
