"""`heelstrike serve`: checks its options and runs the application."""

import importlib.util
import socket
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from heelstrike.serve.approvals import Approvals
from heelstrike.serve.settings import LOOPBACK, ServeSettings, default_data_folder
from heelstrike.terminal import problems

_NEEDED = ("fastapi", "uvicorn", "jinja2", "prometheus_client", "reportlab")
_IDLE_S = 75  # longer than clients and proxies keep a connection, so that none is closed under a request
_GRACE_S = 10  # for answers that are on their way when the service is ended


def run(data: Path | None, *, host: str, port: int, approvals: Approvals | None = None, **settings: Any) -> None:
    """Serve until the process is interrupted.

    Args:
        data: Folder of all evaluations; `None` means the default.
        host: Address to listen on.
        port: Port to listen on; 0 means any that is free.
        approvals: Decides on candidates; `None` without a checkout.
        settings: Other fields of `ServeSettings`.

    Raises:
        UserError: A package is missing, the options would let strangers in, the address is in use, or the data folder
            cannot be used.
    """
    absent = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        raise UserError(f"{absent[0]} is not installed; `pip install heelstrike[serve]`")
    if host not in LOOPBACK and not settings["users"]:
        raise UserError(f"--host {host}: everybody on the network could see all evaluations; add --users")
    _check_address(host, port)
    import uvicorn

    from heelstrike.serve.app import create_app

    app = create_app(ServeSettings(data=(data or default_data_folder()).resolve(), **settings), approvals)
    if settings["users"] and not app.state.service.accounts.users():
        problems.print("Nobody can log in yet; `heelstrike users add NAME` adds somebody while the service runs.")
    uvicorn.run(
        app,
        host=host,
        port=port,
        server_header=False,
        access_log=False,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _check_address(host: str, port: int) -> None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn does
            probe.bind((host, port))
    except OSError as error:
        raise UserError(
            f"cannot listen on {host}, port {port}: {error.strerror}; give another --port or --host"
        ) from None
