"""Settings of params.yaml that have another name now, so that an old file gets one clear message for each."""

RENAMED: dict[str, str] = {
    "train.presence_weight": "train.visibility_weight",
    "gates.max_rmse_px": "gates.max_error",
    "gates.max_iou_loss_percent": "gates.max_error",
    "gates.max_error_percent": "gates.max_error",
    "gates.max_one_minus_f1_percent": "gates.max_error",
    "gates.max_angle_deg": "gates.max_measure_error",
}
"""Old path below a problem to the new one."""
