"""Set up `.venv` if needed, then run a command in it: `python3 -m flows.setup COMMAND [ARGUMENTS...]`.

It needs Python 3.11 or newer and nothing else. Run it at the top of a fresh clone. The environment is made once, and
updated only when requirements.txt or pyproject.toml has changed.

Examples:
    python3 -m flows.setup heelstrike retrain rearfoot
    python3 -m flows.setup pytest
    python3 -m flows.setup            # only set up
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
_SITE_PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")


def main() -> int:
    """Set up the environment, then run the command in it and return its exit code."""
    command = sys.argv[1:]
    if command[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this may have an older one
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"Heelstrike needs Python 3.11 or newer; this is {version}. Use a newer python3.", file=sys.stderr)
        return 1
    try:
        _set_up()
    except subprocess.CalledProcessError as error:
        command_line = " ".join(map(str, error.cmd))
        print(f"Setting up {ENVIRONMENT} failed: {command_line}\nRun the same command again.", file=sys.stderr)
        return 1
    if not command:
        return 0
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ["VIRTUAL_ENV"] = str(ENVIRONMENT)
    return subprocess.run(command, check=False).returncode


def _set_up() -> None:
    digest = _digest()
    stamp = ENVIRONMENT / "heelstrike-requirements"
    if stamp.is_file() and stamp.read_text() == digest:
        return
    if _is_of_another_checkout():
        print(f"{ROOT} was moved or copied: making its environment again", flush=True)
        shutil.rmtree(ENVIRONMENT)
    print(f"Installing requirements.txt into {ENVIRONMENT} (once; about 7 GB with torch's CUDA libraries)", flush=True)
    if not (BIN / "python").exists() and not (BIN / "python.exe").exists():
        venv.create(ENVIRONMENT, with_pip=True)
    python = str(BIN / "python")
    # a company's own certificates are in the system's store; the second variable is for older versions of uv
    trust = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
    os.environ.update({name: value for name, value in trust.items() if name not in os.environ})
    # uv installs the whole environment in about a minute; compiled bytecode makes every later start seconds faster
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"], check=True)
    install = [python, "-m", "uv", "pip", "install", "--python", python, "--compile-bytecode", "--quiet"]
    subprocess.run([*install, "-r", str(ROOT / "requirements.txt")], check=True)
    subprocess.run([*install, "--no-deps", "-e", str(ROOT)], check=True)
    # the wheel holds the consumer's library alone; in a checkout pipeline and flows are importable too
    site = subprocess.run([python, "-c", _SITE_PACKAGES], check=True, capture_output=True, text=True).stdout.strip()
    (Path(site) / "heelstrike-checkout.pth").write_text(f"{ROOT}\n")
    stamp.write_text(digest)


def _is_of_another_checkout() -> bool:
    """Return True if the environment's commands start the Python of another folder, as after a move or a copy."""
    command = BIN / "heelstrike"
    if ENVIRONMENT.is_symlink() or not command.is_file():
        return False
    first = b"".join(command.read_bytes().splitlines()[:2])  # the second line if the path is too long for the first
    return not any(f"{before}{BIN}".encode() in first for before in ("#!", "'", '"', " "))


def _digest() -> str:
    files = (ROOT / "requirements.txt", ROOT / "pyproject.toml")
    return hashlib.sha256(b"".join([str(ROOT).encode(), *(file.read_bytes() for file in files)])).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
