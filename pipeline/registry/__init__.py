"""The operator's side of the model registry.

`register` makes candidates versions, `gate` compares a challenger with the champion on the current test split,
`account` and `spending` keep one error rate for all comparisons on the same test people. `promote` moves the champion
if every gate passed and, where the settings require it, people approved (`approval`). `rollback` restores the previous
champion, `history` lists what happened, `weights` fetches weights that another training starts from. All state is
stored in the MLflow registry itself, so that all machines see the same.
"""
