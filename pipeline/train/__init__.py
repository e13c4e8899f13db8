"""Train: losses, the Lightning module, multi-step schedules, exact resume."""
