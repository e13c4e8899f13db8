"""The model registry: candidates in, the proven one out.

`versions` registers candidates, `gate` holds a challenger against the champion on the current test split, `promote`
moves the champion when every gate passed, `rollback` takes it back, `history` is what happened, `pull` fetches a
package for a consumer, `weights` those that another training starts from. Everything is kept in the MLflow registry
itself, so that all machines see the same.
"""
