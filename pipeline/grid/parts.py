"""A grid over several problems: one grid for each problem, with rows TARGET-from-SOURCE."""

from dataclasses import dataclass

from heelstrike.errors import UserError
from pipeline.grid.definition import Definition, Row, Transfer
from pipeline.grid.rows import IMAGENET, NOTHING
from pipeline.params import ProblemParams


@dataclass(frozen=True)
class Part:
    """The part of a grid that runs on one problem.

    Attributes:
        problem: Name of the problem.
        definition: The grid with the rows of this problem alone.
        only: Requested names that are rows of this problem, separated by commas; empty for all.
    """

    problem: str
    definition: Definition
    only: str = ""


def sources_of(transfer: Transfer, target: str, params: dict[str, ProblemParams]) -> list[str]:
    """Return the starts of a target, `nothing` first."""
    named = transfer.sources or (IMAGENET, *(transfer.targets or params))
    fits = [name for name in named if name != target and (name != IMAGENET or params[target].model.imagenet)]
    return list(dict.fromkeys([NOTHING, *fits]))


def parts(definition: Definition, params: dict[str, ProblemParams], only: str = "", problem: str = "") -> list[Part]:
    """Return a grid's parts, one for each problem that it trains.

    Args:
        definition: Grid with a `transfer` section.
        params: All sections of params.yaml.
        only: Names of rows, with or without their seed, separated by commas; empty for all.
        problem: The only target; empty for all.

    Raises:
        UserError: A problem is not in params.yaml, there are fewer than two, or a name is not that of a row.
    """
    transfer = definition.transfer
    assert transfer is not None
    targets = list(transfer.targets or params)
    named = [*targets, *(name for name in transfer.sources if name not in (NOTHING, IMAGENET))]
    missing = [name for name in dict.fromkeys([*named, *([problem] if problem else [])]) if name not in params]
    if missing or len(set(named)) < 2:
        lacks = f"params.yaml has no {', '.join(missing)}" if missing else "two problems at least are needed"
        raise UserError(
            f"grid {definition.name} goes from problem to problem: {lacks}; it has {', '.join(params)}. "
            "docs/transfer.md says how to put several into one params.yaml"
        )
    all_parts = [
        Part(target, definition.model_copy(update={"rows": _rows(transfer, target, params)}))
        for target in ([problem] if problem else targets)
    ]
    return _selected(all_parts, only) if only.strip(", ") else all_parts


def _rows(transfer: Transfer, target: str, params: dict[str, ProblemParams]) -> tuple[Row, ...]:
    return tuple(
        Row(
            name=f"{target}-from-{source}",
            table=transfer.table,
            what="from scratch" if source == NOTHING else f"starts from {source}",
            seeds=transfer.seeds,
            start=source,
        )
        for source in sources_of(transfer, target, params)
    )


def _selected(all_parts: list[Part], only: str) -> list[Part]:
    """Return the parts that have requested rows, restricted to these rows."""
    requested = [name.strip() for name in only.split(",") if name.strip()]
    rows = {
        part.problem: {name for row in part.definition.rows for name in (row.name, *row.run_names)}
        for part in all_parts
    }
    unknown = [name for name in requested if not any(name in names for names in rows.values())]
    if unknown:
        known = [row.name for part in all_parts for row in part.definition.rows]
        raise UserError(f"no row is called {', '.join(unknown)}; there are {', '.join(known)}")
    own = {part.problem: [name for name in requested if name in rows[part.problem]] for part in all_parts}
    return [Part(p.problem, p.definition, ",".join(own[p.problem])) for p in all_parts if own[p.problem]]
