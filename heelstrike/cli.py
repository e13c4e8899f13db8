"""The command line. A command imports what it needs when it runs, so that `--help` is fast.

A consumer's environment has the commands `predict`, `models`, `serve`, `doctor`, `users` and `labels`. A checkout also
has the operator's commands (flows/cli.py).
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import heelstrike
from heelstrike.serve.label.command import app as labels_app
from heelstrike.serve.roles import Role
from heelstrike.serve.users import app as users_app
from heelstrike.terminal import console, messages, problems, terminable
from heelstrike.text import printable

if TYPE_CHECKING:
    from heelstrike.home import Place

OPERATOR = (
    "demo",
    "retrain",
    "ingest",
    "init-from",
    "crossval",
    "history",
    "rollback",
    "approvals",
    "approve",
    "reject",
    "params",
    "grid",
    "search",
    "compare",
    "why",
    "lineage",
    "dossier",
    "deploy",
    "schedule",
    "reproduce",
    "monitor",
    "backup",
    "restore",
    "gc",
    "forget",
)
"""Names of the operator's commands."""

_HINT = (
    "this command needs a checkout with its params.yaml and data: git clone the repository, then run "
    "`python3 -m flows.setup heelstrike {name}` at its root. README.md there explains it"
)

app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Measures feet and posture on images and videos, with models from a registry.",
)


def _print_version(requested: bool) -> None:
    if requested:
        console.print(f"heelstrike {heelstrike.__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Define the options of `heelstrike` itself; its help text is that of `app`. Alone it says what is next."""
    if context.invoked_subcommand is None:
        with messages():
            for line in _place().lines():
                console.print(printable(line), highlight=False, markup=False, soft_wrap=True)


@app.command()
def predict(
    path: Annotated[Path, typer.Argument(help="A video, an image, or a folder of them.")],
    model: Annotated[
        str | None,
        typer.Option(
            help="NAME@champion, NAME or NAME/VERSION in the registry; not needed if only one model has a champion."
        ),
    ] = None,
    package: Annotated[Path | None, typer.Option(help="Use this package folder instead of the registry.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; by default beside the input.")] = None,
    overlay: Annotated[bool, typer.Option("--overlay", help="Draw the results into a copy as well.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Use the cached package without contacting the registry.")
    ] = False,
    dpi: Annotated[float | None, typer.Option(min=1, help="Dots per inch of scanned paper.")] = None,
    mm_per_px: Annotated[float | None, typer.Option(min=1e-6, help="Side of a pixel in millimetres.")] = None,
    about: Annotated[list[str] | None, typer.Option(help="What the images show: NAME=VALUE, e.g. foot=left.")] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            envvar="HEELSTRIKE_RECORD", help="Folder for a small record of each input, without pixels and names."
        ),
    ] = None,
    shadow: Annotated[
        str | None,
        typer.Option(
            help="A second model, for instance NAME@challenger: what it answers differently is noted in --record."
        ),
    ] = None,
    per_frame: Annotated[
        bool, typer.Option("--per-frame", help="Predict every frame of a video by itself, not from several frames.")
    ] = False,
) -> None:
    """Measure images and videos with a model, and write its keypoints and measurements as JSON and CSV.

    The registry is the MLflow server at MLFLOW_TRACKING_URI; in a checkout it is the checkout's own by default.

    [bold]Examples[/]

    heelstrike predict walk.mp4 --overlay

    heelstrike predict clinic-week-12/ --model rearfoot@champion --out results/

    heelstrike predict walk.mp4 --model rearfoot/3 --offline

    heelstrike predict print.png --model footprint --dpi 300 --about foot=left

    heelstrike predict insole.png --model footprint --mm-per-px 0.2 --about foot=right

    heelstrike predict walk.mp4 --package rearfoot-package/

    heelstrike predict clinic-week-12/ --record records/ --shadow rearfoot@challenger

    heelstrike predict walk.mp4 --package rearfoot-package/ --per-frame
    """
    with messages(), terminable():
        from heelstrike.predict.describe import describe, scale_of, slices_of

        scale, slices = scale_of(dpi, mm_per_px), slices_of(about or [])
        chosen = heelstrike.load(model, package=package, offline=offline, per_frame=per_frame)
        second = heelstrike.load(shadow, offline=offline, per_frame=per_frame) if shadow else None
        report = chosen.write(path, out, overlay=overlay, mm_per_px=scale, about=slices, record=record, shadow=second)
        for line in describe(report):
            console.print(line, highlight=False, soft_wrap=True)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def models() -> None:
    """List the registry's models, their aliases and versions.

    [bold]Examples[/]

    heelstrike models

    MLFLOW_TRACKING_URI=https://mlflow.example heelstrike models
    """
    with messages():
        from heelstrike.registry.listing import list_models

        for line in list_models(Path.cwd()):
            console.print(printable(line), highlight=False, markup=False, soft_wrap=True)


@app.command()
def serve(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of all evaluations; by default HEELSTRIKE_DATA, else ~/.local/share/heelstrike."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="Name of a model to serve, several times for several; by default all that have a champion."),
    ] = None,
    package: Annotated[Path | None, typer.Option(help="Serve this package folder instead of the registry.")] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Use the models that were last pulled without contacting the registry.")
    ] = False,
    refresh: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which the registry is asked for other champions.")
    ] = 20.0,
    users: Annotated[bool, typer.Option("--users", help="Users have to log in; `heelstrike users` adds them.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on; others than 127.0.0.1 need --users.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8377,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Name by which browsers reach the service, for instance behind a proxy.")
    ] = None,
    https: Annotated[
        bool, typer.Option("--https", help="A reverse proxy serves it by HTTPS, so cookies are sent by HTTPS only.")
    ] = False,
    keep_days: Annotated[
        float | None, typer.Option(min=0.01, help="Delete evaluations after this many days; by default never.")
    ] = None,
    inbox: Annotated[
        Path | None, typer.Option(help="Folder that labels are handed over to: data/inbox of a checkout.")
    ] = None,
    label_role: Annotated[
        list[Role] | None, typer.Option(help="Role that may label besides labellers and administrators.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            envvar="HEELSTRIKE_RECORD", help="Folder for a small record of each input, without pixels and names."
        ),
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Ask the challenger too, and note in --record what it answers differently.")
    ] = False,
) -> None:
    """Serve an API and pages that measure uploaded images and videos.

    Without --users it is for one person on this machine. The registry is that of `heelstrike predict`; a new champion
    is used without a restart.

    [bold]Examples[/]

    heelstrike serve

    heelstrike serve --package rearfoot-package/ --data clinic/

    heelstrike serve --users --https --allow-host measure.example --keep-days 90

    heelstrike serve --users --inbox data/inbox --label-role clinician
    heelstrike serve --record records/ --shadow
    """
    with messages():
        from heelstrike.serve.command import run
        from heelstrike.serve.settings import watching_of

        # a checkout has the rules by which reviewers decide; this library must not depend on it
        approvals = importlib.import_module("flows.reviewing").CheckoutApprovals(Path()) if _is_at_top() else None
        run(
            data,
            approvals=approvals,
            models=tuple(model or ()),
            package=package,
            offline=offline,
            refresh_s=refresh,
            users=users,
            hosts=tuple(allow_host or ()),
            secure=https,
            keep_days=keep_days,
            inbox=inbox.resolve() if inbox else None,
            label_roles=tuple(label_role or ()),
            watching=watching_of(record, shadow),
            host=host,
            port=port,
        )


@app.command()
def doctor() -> None:
    """Check machine, packages, codecs, clock, folders and registry, and say what to do; at the top of a checkout more.

    A checkout adds params.yaml, git, the DVC remote, the study's database, Prefect and schedules. A fault means that a
    command will fail, and the exit status is 1; a warning means that one may.

    [bold]Examples[/]

    heelstrike doctor

    MLFLOW_TRACKING_URI=https://mlflow.example heelstrike doctor
    """
    with messages():
        from heelstrike.doctor.run import consumer_checks, run

        if _is_at_top():
            checks = importlib.import_module("flows.doctor.run").checkout_checks(Path())
        else:
            checks = consumer_checks(Path.cwd())
        healthy = run(checks, console)
    if not healthy:
        raise typer.Exit(1)


app.add_typer(users_app, name="users")
app.add_typer(labels_app, name="labels")


def _checkout() -> Path | None:
    """Return the root of the checkout that this package is part of, which has the operator's commands."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / "dvc.yaml").is_file() and (root / "flows" / "cli.py").is_file() else None


def _is_at_top() -> bool:
    """Return True if the operator's commands work in this folder."""
    return _checkout() is not None and Path("dvc.yaml").is_file()


def _place() -> "Place":
    """Return where this was started: at the top of a checkout, or elsewhere."""
    if _is_at_top():
        place: Place = importlib.import_module("flows.home").place_in_checkout(Path())
        return place
    from heelstrike.home import place_outside_checkout

    return place_outside_checkout(Path.cwd(), _checkout())


def _add_hint(name: str) -> None:
    """Add an operator's command that only says where it is available."""

    @app.command(
        name,
        hidden=True,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def hint() -> None:
        problems.print(f"[red]Error:[/] `{name}`: {_HINT.format(name=name)}", highlight=False, soft_wrap=True)
        raise typer.Exit(2)


if _checkout() is not None:
    # imported by name, since this library must not depend on flows
    operator = importlib.import_module("flows.cli").app
    app.registered_commands += operator.registered_commands
    app.registered_groups += operator.registered_groups
else:
    for _name in OPERATOR:
        _add_hint(_name)
