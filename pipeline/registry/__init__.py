"""Registry: register, gate, promote, roll back; the champion and challenger aliases in MLflow."""
