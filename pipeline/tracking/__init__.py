"""Logging to MLflow: one experiment per problem, one run per retrain, the trials of its search as nested runs.

`runs` opens runs and finds them again, `lineage` ties them to git and DVC, `results` and `study` fill them from the
files that the stages wrote, and `model` logs the package. The stages do not use MLflow.
"""
