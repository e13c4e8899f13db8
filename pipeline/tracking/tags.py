"""Names of MLflow's tags on runs, logged models and versions; `heelstrike.registry` has those that a consumer reads.

Tags by which runs and models are searched have the prefix `heelstrike.`. Tags for people have short names, since the UI
cuts long ones.
"""

RETRAIN_TAG = "heelstrike.retrain"
"""The retrain's key: a digest that is equal for two runs of the same retrain; it is set when all stages have run."""

PART_TAG = "heelstrike.part"
"""The part of a retrain that a run stands for: `retrain`, `search`, `trial-3`, ..."""

WEIGHTS_TAG = "heelstrike.weights"
"""SHA-256 of the trained weights; a tag of a logged model and of the version made of it."""

CONTINUED_TAG = "continued"
"""The interruption after which the run was continued."""

DURATION_TAG = "duration"
"""Of a trial: how long it took its worker."""

ENDED_TAG = "ended"
"""Of a study: why it ended before its last trial."""

ENGINE_TAG = "engine"
"""Of a trial: what HEELSTRIKE_EXECUTOR named."""

FLOW_RUN_TAG = "flow_run"
GIT_TAG = "git"
NOT_REPRODUCIBLE_TAG = "not_reproducible"
"""Of a run and of its version: the inputs that are in no commit, so that nobody can repeat the retrain."""

INTERRUPTED_TAG = "interrupted"
"""How the run was interrupted; it is removed when the run is continued."""

NETWORK_TAG = "network"
REASON_TAG = "reason"
REPRODUCED_TAG = "reproduced"
"""Of a version: the result of the newest `heelstrike reproduce --attach`, with its time."""

STAGE_TAG = "stage"
"""The stage of a retrain that is running, or that failed."""

STARTED_FROM_TAG = "started_from"
STATE_TAG = "state"
VERDICT_TAG = "verdict"
"""Of a run: `promoted`, `refused`, `failed` or `interrupted`; of a version: the decision in one sentence."""

VERSION_TAG = "version"
WORKER_TAG = "worker"
"""Of a trial: machine and process that ended it."""

WITHDRAWN_TAG = "withdrawn"
"""Of a version: that a person whose data it learned from, or was tested on, withdrew; with the receipt's name."""

LEARNED = "learned from"
"""How the text of `WITHDRAWN_TAG` begins if the version's weights depend on the person."""

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
