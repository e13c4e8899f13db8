"""Renamed settings of params.yaml, so that an old file gets one clear message for each."""

RENAMED: dict[str, str] = {
    "problem.several": "problem.multi_instance",
    "train.presence_weight": "train.visibility_weight",
    "search.workers": "search.window",
    "search.prune_after": "search.rungs",
    "gates.max_rmse_px": "gates.max_error",
    "gates.max_iou_loss_percent": "gates.max_error",
    "gates.max_error_percent": "gates.max_error",
    "gates.max_one_minus_f1_percent": "gates.max_error",
    "gates.max_angle_deg": "gates.max_measure_error",
    "gates.max_slice_ratio": "gates.slice_margin",
    "gates.min_slice_images": "gates.min_slice_people",
}
"""Old path of a setting below its problem, to its new path."""
