"""A grid over several problems: one grid of rows for each of them, TARGET-from-SOURCE."""

from dataclasses import dataclass

from heelstrike.errors import UserError
from pipeline.grid.definition import Definition, Row, Transfer
from pipeline.grid.rows import IMAGENET, NOTHING
from pipeline.params import ProblemParams


@dataclass(frozen=True)
class Part:
    """What of a grid runs on one problem.

    Attributes:
        problem: Its name.
        definition: With the rows of that problem alone.
        only: Of the names that were asked for, those that are rows of it; empty for all.
    """

    problem: str
    definition: Definition
    only: str = ""


def sources_of(transfer: Transfer, target: str, params: dict[str, ProblemParams]) -> list[str]:
    """What a target starts from, `nothing` first."""
    named = transfer.sources or (IMAGENET, *(transfer.targets or params))
    fits = [name for name in named if name != target and (name != IMAGENET or params[target].model.imagenet)]
    return list(dict.fromkeys([NOTHING, *fits]))


def parts(definition: Definition, params: dict[str, ProblemParams], only: str = "", problem: str = "") -> list[Part]:
    """A grid's parts, one for each problem that it trains.

    Args:
        definition: With a `transfer` section.
        params: All sections of params.yaml.
        only: Names of rows, with or without their seed, separated by commas; empty for all.
        problem: Only that target; empty for all.

    Raises:
        UserError: A problem is not in params.yaml, there are fewer than two, or a name is no row.
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
    found = [
        Part(target, definition.model_copy(update={"rows": _rows(transfer, target, params)}))
        for target in ([problem] if problem else targets)
    ]
    return _asked(found, only) if only.strip(", ") else found


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


def _asked(found: list[Part], only: str) -> list[Part]:
    """The parts that have a row of those asked for, with just these."""
    asked = [name.strip() for name in only.split(",") if name.strip()]
    rows = {
        part.problem: {name for row in part.definition.rows for name in (row.name, *row.run_names)} for part in found
    }
    unknown = [name for name in asked if not any(name in names for names in rows.values())]
    if unknown:
        there = [row.name for part in found for row in part.definition.rows]
        raise UserError(f"no row is called {', '.join(unknown)}; there are {', '.join(there)}")
    mine = {part.problem: [name for name in asked if name in rows[part.problem]] for part in found}
    return [Part(p.problem, p.definition, ",".join(mine[p.problem])) for p in found if mine[p.problem]]
