"""Checks of a stage's inputs: dvc.yaml states all of them, they are undamaged, and they do not change during a run.

`python -m pipeline.dependencies` compares dvc.yaml with the source, and with `--write` corrects it.
"""
