"""Training: losses, the Lightning module, multi-step schedules and exact resumption."""
