"""The model registry: candidates in, the proven one out.

`versions` registers candidates, `judge` holds a challenger against the champion on the current test split, `promote`
moves the champion when every gate passed and takes it back on request, `history` is what happened, `pull` fetches a
package for a consumer. Everything is kept in the MLflow registry itself, so that all machines see the same.
"""
