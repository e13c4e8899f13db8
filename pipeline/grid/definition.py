"""The YAML file of a grid: tables with their metrics, bases of settings, and rows of settings."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from heelstrike.errors import UserError
from heelstrike.settings import Strict
from pipeline.strict_yaml import read_yaml

Section = Literal["problem", "collect", "prepare", "augment", "model", "train", "evaluate", "measure"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Settings = Annotated[
    dict[Section, Any], Field(description="sections of params.yaml; mappings are merged, everything else is replaced")
]
_SHIPPED = Path(__file__).parent


class Metric(Strict):
    """One number of a row: its path among the metrics of `evaluate`, and its format."""

    of: Annotated[str, Field(description="path in metrics.json, for instance keypoints.rmse_px")]
    title: Annotated[str, Field(description="heading of its column")]
    scale: Annotated[float, Field(gt=0, description="factor of the number; 100 shows a share in per cent")] = 1.0
    per_image: Annotated[
        str | None,
        Field(
            description="column of a row's table of test images whose mean is this number, for intervals over people; "
            "null: there is none"
        ),
    ] = None
    better: Annotated[Literal["lower", "higher"], Field(description="which values are better")] = "lower"
    digits: Annotated[int, Field(ge=0, le=6, description="digits after the decimal point")] = 2


class Table(Strict):
    """A table: its metrics in order, and the metric that ranks its rows."""

    title: Annotated[str, Field(description="heading of the table")]
    metrics: Annotated[dict[Name, Metric], Field(min_length=1, description="columns, in order")]
    rank_by: Annotated[str, Field(description="metric that ranks the rows")]

    @model_validator(mode="after")
    def _ranked_by_a_metric(self) -> Self:
        if self.rank_by not in self.metrics:
            raise ValueError(f"rank_by is {self.rank_by!r}, which is not one of its metrics {list(self.metrics)}")
        return self


class Base(Strict):
    """Settings that rows build on."""

    base: Annotated[str | None, Field(description="another base, or a row, whose settings come first")] = None
    settings: Settings = {}


class Row(Base):
    """One configuration, which is trained once, or once for each seed."""

    name: Name
    table: str
    what: Annotated[str, Field(description="difference to the other rows, in words")] = ""
    published: Annotated[dict[str, float], Field(description="metric of the table: value")] = {}
    seeds: Annotated[
        tuple[int, ...],
        Field(description="values of train.seed; the row is run with each, as NAME-sSEED; empty: once, as NAME"),
    ] = ()
    start: Annotated[
        str | None,
        Field(
            description="initial weights: `nothing`, `imagenet`, or a problem whose models/PROBLEM/train is used; "
            "null: as in params.yaml"
        ),
    ] = None
    train_on: Annotated[
        dict[str, tuple[str, ...]], Field(description="slice: values whose training images are used; empty: all")
    ] = {}

    @property
    def run_names(self) -> dict[str, int | None]:
        """The names of the row's trainings with their seeds; without seeds the row's own name."""
        return {f"{self.name}-s{seed}": seed for seed in self.seeds} or {self.name: None}


class Comparison(Strict):
    """Groups of rows (with their seeds) whose errors are compared over a slice."""

    slice: Annotated[str, Field(description="evaluation slice, for instance tone")]
    values: Annotated[tuple[str, ...], Field(min_length=2, description="values of the slice, in order")]
    pairs: Annotated[tuple[tuple[str, str], ...], Field(min_length=1, description="rows: [without, with]")]
    what: Annotated[str, Field(description="property that only the second of a pair has")]
    note: Annotated[str, Field(description="limitation of the data that the report states")] = ""


class Transfer(Strict):
    """Problems that are trained from random weights and from each other's weights; every pair becomes a row."""

    table: Annotated[str, Field(description="the rows' table, whose rank_by fills the matrix")]
    targets: Annotated[tuple[Name, ...], Field(description="problems to train; empty: all of params.yaml")] = ()
    sources: Annotated[
        tuple[Name, ...],
        Field(description="initial weights beside `nothing`; empty: imagenet if there is an encoder, and the targets"),
    ] = ()
    seeds: Annotated[
        tuple[int, ...], Field(min_length=2, description="values of train.seed for each pair; intervals are over seeds")
    ] = (
        1,
        2,
        3,
    )


class Definition(Strict):
    """A grid: its tables, and the rows of settings to train."""

    name: Name
    title: Annotated[str, Field(description="title of the report")]
    fresh: Annotated[
        tuple[Section, ...],
        Field(description="sections that start from their defaults instead of from params.yaml"),
    ] = ()
    tables: Annotated[dict[Name, Table], Field(min_length=1, description="name: table")]
    bases: Annotated[dict[Name, Base], Field(description="name: settings that rows build on")] = {}
    rows: Annotated[tuple[Row, ...], Field(description="configurations to train")] = ()
    compare: Annotated[Comparison | None, Field(description="groups of rows to compare over a slice")] = None
    transfer: Annotated[Transfer | None, Field(description="transfer between problems, instead of rows")] = None

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        findings, names = list[str](), [row.name for row in self.rows]
        if not names and self.transfer is None:
            findings.append("rows is empty; name rows, or a transfer")
        if self.transfer and self.transfer.table not in self.tables:
            findings.append(f"transfer: no table {self.transfer.table!r}; there are {', '.join(self.tables)}")
        findings += [f"row {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
        findings += [f"{name} is both a base and a row" for name in sorted(set(names) & set(self.bases))]
        for row in self.rows:
            if row.table not in self.tables:
                findings.append(f"row {row.name}: no table {row.table!r}; there are {', '.join(self.tables)}")
                continue
            metrics = self.tables[row.table].metrics
            findings += [
                f"row {row.name}: published names {metric!r}, which is not a metric of table {row.table}"
                for metric in row.published
                if metric not in metrics
            ]
        for name, start in self.starts().items():
            if start.base is not None and start.base not in self.starts():
                findings.append(f"{name}: no base or row is called {start.base!r}")
            elif start.base is not None and name in self._chain(start.base):
                findings.append(f"{name}: its base leads back to itself")
        if self.compare:
            unknown = {name for pair in self.compare.pairs for name in pair} - set(names)
            findings += [f"compare.pairs names {name!r}, which is not a row" for name in sorted(unknown)]
        if findings:
            raise ValueError("; ".join(findings))
        return self

    def starts(self) -> dict[str, Base]:
        """Return all bases and rows by name, which a `base` may name."""
        return {**self.bases, **{row.name: row for row in self.rows}}

    def _chain(self, name: str) -> list[str]:
        """Return the name and its bases, nearest first. A circle of bases is followed once."""
        chain, starts, at = list[str](), self.starts(), str(name)
        while at in starts and at not in chain:
            chain.append(at)
            at = str(starts[at].base)
        return chain

    def settings_of(self, row: Row) -> dict[str, Any]:
        """Return a row's settings, including those of its bases."""
        settings: dict[str, Any] = {}
        for name in reversed(self._chain(row.name)):
            settings = merged(settings, {str(key): value for key, value in self.starts()[name].settings.items()})
        return settings


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Merge `above` into `below`; `above` takes precedence.

    Mappings are merged key by key. A mapping with another `name` or `recipe` (`model: {name: ...}`) replaces the one
    below it, since the settings of one architecture do not belong to another.
    """
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, dict) and isinstance(value, dict) and not _names_another(under, value):
            result[key] = merged(under, value)
        else:
            result[key] = value
    return result


def _names_another(below: dict[str, Any], above: dict[str, Any]) -> bool:
    return any(key in above and above[key] != below.get(key) for key in ("name", "recipe"))


def shipped() -> dict[str, Path]:
    """Return the paths of the grids that come with the package, by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.yaml"))}


def load_definition(name_or_path: str) -> Definition:
    """Read a grid: one that comes with the package by its name, another one by the path of its YAML file.

    Raises:
        UserError: The grid does not exist, or is invalid; the message has one line for every finding.
    """
    path = shipped().get(name_or_path) or Path(name_or_path)
    try:
        data = read_yaml(path)
    except (FileNotFoundError, IsADirectoryError):
        names = ", ".join(shipped())
        raise UserError(f"no grid {name_or_path!r}; there are {names}, or give the path of a YAML file") from None
    try:
        return Definition.model_validate(data)
    except ValidationError as error:
        raise UserError("\n".join(f"{path.name}: {_finding(e, data)}" for e in error.errors())) from None


def _finding(error: Any, data: Any) -> str:
    """Format a finding with the row's name instead of its number: `rows.kp4.published.mse: Input should be ...`."""
    parts = list(error["loc"])
    if len(parts) > 1 and parts[0] == "rows" and isinstance(data["rows"][parts[1]], dict):
        parts[1] = data["rows"][parts[1]].get("name", parts[1])
    path = ".".join(map(str, parts))
    message = "unknown key" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
    return f"{path}: {message}" if path else message
