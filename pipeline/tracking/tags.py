"""Names of MLflow's tags on runs, logged models and versions; those a consumer reads are in `heelstrike.registry`.

Tags that runs and models are found by have the prefix `heelstrike.`. Those for a reader are short, since the UI cuts
long names.
"""

RETRAIN_TAG = "heelstrike.retrain"
"""The digest that makes two retrains the same one."""

PART_TAG = "heelstrike.part"
"""Which run of a retrain it is: `retrain`, `trial-3`, ..."""

WEIGHTS_TAG = "heelstrike.weights"
"""SHA-256 of the trained weights, of a logged model and of the version made of it."""

FLOW_RUN_TAG = "flow_run"
GIT_TAG = "git"
NETWORK_TAG = "network"
REASON_TAG = "reason"
STARTED_FROM_TAG = "started_from"
STATE_TAG = "state"
VERDICT_TAG = "verdict"

# MLflow's own
COMMIT_TAG = "mlflow.source.git.commit"
EXPERIMENT_KIND_TAG = "mlflow.experimentKind"
MODEL_TYPE_TAG = "mlflow.modelType"
MODEL_VERSIONS_TAG = "mlflow.modelVersions"
NOTE_TAG = "mlflow.note.content"
PARENT_TAG = "mlflow.parentRunId"
SOURCE_NAME_TAG = "mlflow.source.name"
SOURCE_TYPE_TAG = "mlflow.source.type"
USER_TAG = "mlflow.user"
