"""Search: an Optuna study over architectures and their settings; its best settings are what train reads."""
