"""`heelstrike users`: the accounts of a service that was started with `--users`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heelstrike.errors import UserError
from heelstrike.serve.roles import Role
from heelstrike.terminal import console, messages
from heelstrike.text import plain

if TYPE_CHECKING:
    from heelstrike.serve.accounts import Accounts

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Add, list and remove the users of `heelstrike serve --users`.",
)

Name = Annotated[str, typer.Argument(help="Name of the user.")]
Data = Annotated[Path | None, typer.Option(help="The service's data folder, as for `heelstrike serve`.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="File whose first line is the password, - for stdin; without it, it is asked for.")
]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user is.")] = Role.CLINICIAN,
    data: Data = None,
    password_file: PasswordFile = None,
) -> None:
    """Add a user. A running service knows the user at once.

    [bold]Examples[/]

    heelstrike users add ada

    heelstrike users add grace --role reviewer --password-file secret.txt
    """
    with messages():
        _accounts(data).add(name, role, _password(password_file))
        console.print(plain(f"{name} is added as {role}"))


@app.command("list")
def list_users(data: Data = None) -> None:
    """List all users with their roles.

    [bold]Examples[/]

    heelstrike users list
    """
    with messages():
        for user in _accounts(data).users():
            console.print(plain(f"{user.name}  {user.role}"))


@app.command()
def password(name: Name, data: Data = None, password_file: PasswordFile = None) -> None:
    """Give a user another password, which ends the user's sessions.

    [bold]Examples[/]

    heelstrike users password ada
    """
    with messages():
        _accounts(data).set_password(name, _password(password_file))
        console.print(plain(f"{name} has another password"))


@app.command()
def remove(name: Name, data: Data = None) -> None:
    """Remove a user, and end the user's sessions. The user's evaluations are the administrators' from then on.

    [bold]Examples[/]

    heelstrike users remove ada
    """
    with messages():
        _accounts(data).remove(name)
        console.print(plain(f"{name} is removed"))


def _accounts(data: Path | None) -> "Accounts":
    from heelstrike.serve.accounts import Accounts
    from heelstrike.serve.settings import default_data_folder

    return Accounts(data or default_data_folder())


def _password(file: Path | None) -> str:
    if file is None:
        text: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return text
    try:
        content = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{file}: not UTF-8; save it as UTF-8 text with the password on its first line") from None
    return content.partition("\n")[0].removesuffix("\r")
