"""Settings of params.yaml that have another name now, so that an old file gets one clear message for each."""

RENAMED: dict[str, str] = {
    "train.presence_weight": "train.visibility_weight",
}
"""Old path below a problem to the new one."""
