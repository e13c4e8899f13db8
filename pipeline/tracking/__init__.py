"""What a reviewer sees in MLflow: one experiment per problem, one run per retrain, the search's trials nested below.

`runs` opens and finds runs again, `lineage` ties them to git and DVC, `results` and `study` fill them from the files
that the stages wrote, `model` logs the package. The stages know nothing of it.
"""
