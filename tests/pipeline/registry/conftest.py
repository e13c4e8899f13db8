"""Registries in a repository of their own."""

from tests.worlds import mlflow_server, world

__all__ = ["mlflow_server", "world"]
