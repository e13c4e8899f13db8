"""Prefect's temporary server, which must not outlive the command that started it."""

import subprocess


def start_embedded_server() -> None:
    """Start Prefect's temporary server unless PREFECT_API_URL names one, and end it when this process ends.

    Prefect ends it at a normal exit only. A shell that waits for the end of a pipe of this process ends it after a
    `kill -9` too.
    """
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_API_URL

    if PREFECT_API_URL.value():
        return
    server = SubprocessASGIServer()
    server.start()
    if server.server_process is None:  # it was started before
        return
    watch = f"trap '' INT TERM HUP; read line; kill {server.server_process.pid} 2>/dev/null"
    subprocess.Popen(["sh", "-c", watch], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
