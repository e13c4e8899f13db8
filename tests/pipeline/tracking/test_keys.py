"""Any text names a metric or param of MLflow, and no two the same one."""

import pytest
from mlflow.utils.validation import _validate_metric_name, _validate_param_name

from pipeline.tracking.keys import key_of

HOSTILE = [
    "N'", "a, b", "Größe, cm", "a:b", "a/b:c", "a//b", "/a", "a/", "..", "a/../b", ".", "", "a\nb", "a\tb", "a_u2c_b",
    "a,b",
    "a_u_b", "a_u5f_b", "_", "__", "足", "50 %", "x=1", "<b>", "a\\b", "'u41_", "_u27_u41_", "A*", "'A",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_mlflow_takes_it(name: str) -> None:
    _validate_metric_name(key_of(name))
    _validate_param_name(key_of(name))


def test_different_names_stay_different() -> None:
    assert len({key_of(name) for name in HOSTILE}) == len(HOSTILE)


@pytest.mark.parametrize("name", ["test/radius/left_heel_coverage", "train.lr", "Größe", "a b-c.d"])
def test_what_mlflow_takes_stays(name: str) -> None:
    assert key_of(name) == name
