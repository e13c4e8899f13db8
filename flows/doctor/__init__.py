"""The operator's checks of `heelstrike doctor`, which a checkout adds to those of heelstrike/doctor."""
