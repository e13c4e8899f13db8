"""Logging to MLflow: one experiment per problem, one run per retrain, the trials of its search as nested runs.

`run` opens runs and finds them again. `live` fills a retrain's run while its stages run: `results`, `study` and
`evidence` log what the stages have made, `conclusion` what became of the candidate. `model` logs the package, and
`lineage` ties runs to git and DVC. The stages do not use MLflow.
"""
