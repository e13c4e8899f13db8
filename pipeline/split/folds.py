"""Cross-validation folds over the training and validation subjects; no fold contains the test split.

`split.folds` writes them as files, `heelstrike crossval` trains on them.
"""

import numpy as np
import pandas as pd
from jaxtyping import Int
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, StratifiedGroupKFold

from heelstrike.errors import UserError
from pipeline.annotations import CLASS, SLICE_PREFIX
from pipeline.split.settings import SplitSettings


def fold_rows(
    table: pd.DataFrame, groups: Int[np.ndarray, " N"], settings: SplitSettings
) -> list[tuple[Int[np.ndarray, " n"], Int[np.ndarray, " m"]]]:
    """Return the training rows and the validation rows of each fold. Every row is in one fold's validation rows.

    Args:
        table: Rows of train and val.
        groups: Number of each row's group; groups stay together.
        settings: Number of folds, seed, and the slice to stratify by.

    Raises:
        UserError: There are fewer groups than folds.
    """
    if not settings.folds:
        return []
    subjects = len(np.unique(groups))
    if subjects < settings.folds:
        raise UserError(f"split.folds is {settings.folds}, but train and val have only {subjects} independent subjects")
    if settings.by_class:
        folds = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=settings.seed).split(
            table, table[CLASS], groups
        )
    elif settings.stratify is None:
        folds = GroupKFold(settings.folds, shuffle=True, random_state=settings.seed).split(table, groups=groups)
    else:
        strata = table[f"{SLICE_PREFIX}{settings.stratify}"].astype(str)
        folds = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=settings.seed).split(
            table, strata, groups
        )
    return list(folds)


def single_rows(
    table: pd.DataFrame, groups: Int[np.ndarray, " N"]
) -> list[tuple[Int[np.ndarray, " n"], Int[np.ndarray, " m"]]]:
    """Return the training rows and the validation rows of leave-one-group-out folds, one fold for each group.

    Raises:
        UserError: There are fewer than two groups.
    """
    if (subjects := len(np.unique(groups))) < 2:
        raise UserError(f"train and val have {subjects} independent subject, so none can be left out")
    return list(LeaveOneGroupOut().split(table, groups=groups))
