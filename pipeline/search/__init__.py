"""Search: an Optuna study over architectures and their settings. The train stage reads the best settings."""
