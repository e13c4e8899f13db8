"""What a stage reads: that dvc.yaml states all of it, that it is undamaged, and that it stands while the stage runs.

`python -m pipeline.dependencies` compares dvc.yaml with the source, and with `--write` corrects it.
"""
