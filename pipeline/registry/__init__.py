"""The operator's side of the model registry.

`register` makes candidates versions, `gate` compares a challenger with the champion on the current test split,
`promote` moves the champion if every gate passed, `rollback` restores the previous champion, `history` lists what
happened, `weights` fetches weights that another training starts from. All state is stored in the MLflow registry
itself, so that all machines see the same.
"""
