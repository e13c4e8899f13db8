"""Names of MLflow's tags on runs, logged models and versions; `heelstrike.registry` has those that a consumer reads.

Tags by which runs and models are searched have the prefix `heelstrike.`. Tags for people have short names, since the UI
cuts long ones.
"""

RETRAIN_TAG = "heelstrike.retrain"
"""The retrain's key: a digest that is equal for two runs of the same retrain."""

PART_TAG = "heelstrike.part"
"""The part of a retrain that a run stands for: `retrain`, `trial-3`, ..."""

WEIGHTS_TAG = "heelstrike.weights"
"""SHA-256 of the trained weights; a tag of a logged model and of the version made of it."""

FLOW_RUN_TAG = "flow_run"
GIT_TAG = "git"
NETWORK_TAG = "network"
REASON_TAG = "reason"
STARTED_FROM_TAG = "started_from"
STATE_TAG = "state"
VERDICT_TAG = "verdict"

# tags that MLflow defines
COMMIT_TAG = "mlflow.source.git.commit"
EXPERIMENT_KIND_TAG = "mlflow.experimentKind"
MODEL_TYPE_TAG = "mlflow.modelType"
MODEL_VERSIONS_TAG = "mlflow.modelVersions"
NOTE_TAG = "mlflow.note.content"
PARENT_TAG = "mlflow.parentRunId"
SOURCE_NAME_TAG = "mlflow.source.name"
SOURCE_TYPE_TAG = "mlflow.source.type"
USER_TAG = "mlflow.user"
