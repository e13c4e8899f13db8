"""Cross-validation for small data sets: one network for each fold of the subjects (docs/transfer.md).

`folds` makes the folds: subjects to train on, subjects that choose the epoch, subjects to test on. `arrays` selects
their prepared arrays, `run` trains and tests each fold, and `report` writes the pooled results. The test split is
read only if it is asked for; its subjects are then dealt into the folds with the others.
"""
