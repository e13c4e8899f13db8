"""The operator's command for the first ten minutes."""

from pathlib import Path
from typing import Annotated

import typer

from heelstrike.terminal import console, messages, terminable
from heelstrike.text import done

app = typer.Typer()


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder for walk.mp4; by default this one.")] = Path(),
) -> None:
    """Render walk.mp4, a person who walks away from the camera, to try a model on.

    The person is none of those on whom the models of this checkout are trained and tested.

    [bold]Examples[/]

    heelstrike demo

    heelstrike demo trial/
    """
    with messages(), terminable():
        from flows.demo import make_walk

        path = make_walk(folder)
        console.print(done(path), soft_wrap=True)
        console.print(f"next: heelstrike predict {path} --overlay", markup=False, highlight=False, soft_wrap=True)
