"""The package as an MLflow model: the same files, with a description that MLflow's own tools read.

The model holds the package folder, byte for byte, plus `MLmodel` (signature, input example, the ONNX flavour), and in
`training/` the weights that other trainings may start from, with their settings. It holds no pickle, and
`mlflow.onnx.load_model`, `mlflow.pyfunc.load_model` and `mlflow models serve` can use it.
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.package.manifest import MANIFEST, MODEL, Manifest, read_manifest, verify
from heelstrike.registry.versions import PACKAGE_TAG
from pipeline.layout import Layout
from pipeline.tracking.results import MORE, numbers
from pipeline.tracking.run import Run
from pipeline.tracking.tags import MODEL_TYPE_TAG, WEIGHTS_TAG

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel

TRAINING = "training"
_TRAINED = ("weights.safetensors", "settings.json")  # names from pipeline.models.build, which takes seconds to import
_EXAMPLE_SIDE = 48  # pixels; the input example is stored as JSON, so it is kept small


def log_package(layout: Layout, run: Run) -> str:
    """Log the package of the retrain as its model, unless it has been logged already.

    Returns:
        MLflow's id of the model (`m-...`), for registration. A package that is logged again keeps its id.

    Raises:
        UserError: The package is missing or damaged, or the weights that it was made from are missing.
    """
    from mlflow.entities import LoggedModelOutput

    folder = layout.out("package")
    manifest = read_manifest(folder)
    verify(folder, manifest)
    logged = _logged(run, manifest.digest)
    if logged is not None:
        return str(logged.model_id)
    trained = [layout.out("train") / name for name in _TRAINED]
    for path in trained:
        if not path.is_file():
            raise UserError(f"{path}: not there; run the train stage again")
    tags = {PACKAGE_TAG: manifest.digest, WEIGHTS_TAG: file_digest(trained[0]), MODEL_TYPE_TAG: "onnx"}
    params = {key: str(value) for key, value in manifest.network.items()}
    model = run.client.create_logged_model(
        run.experiment_id, layout.problem, source_run_id=run.run_id, tags=tags, params=params, model_type="onnx"
    )
    with TemporaryDirectory() as aside:
        _write_model(folder, manifest, Path(aside), str(model.model_id), run.run_id)
        (Path(aside) / TRAINING).mkdir()
        for path in trained:
            shutil.copyfile(path, Path(aside) / TRAINING / path.name)
        run.client.log_model_artifacts(model.model_id, aside)
    run.client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, step=0)])
    _log_model_metrics(run, manifest, str(model.model_id))
    run.client.finalize_logged_model(model.model_id, "READY")
    return str(model.model_id)


def _logged(run: Run, digest: str) -> "LoggedModel | None":
    """Return the finished model of this package, or `None`; unfinished models of killed runs are removed."""
    models = run.client.search_logged_models([run.experiment_id], f"tags.`{PACKAGE_TAG}` = '{digest}'")
    for model in models:
        if str(model.status) == "READY":
            return model
        run.client.delete_logged_model(model.model_id)
    return None


def _write_model(folder: Path, manifest: Manifest, into: Path, model_id: str, run_id: str) -> None:
    from mlflow.models import Model, ModelSignature
    from mlflow.models.utils import _Example

    names = [MANIFEST, *manifest.files]
    for name in names:
        shutil.copyfile(folder / name, into / name)
    inputs, outputs = _signature(folder / MODEL)
    model = Model(model_uuid=model_id, model_id=model_id, run_id=run_id, signature=ModelSignature(inputs, outputs))
    model.add_flavor("onnx", onnx_version=_onnx_version(), data=MODEL, providers=["CPUExecutionProvider"])
    model.add_flavor("python_function", loader_module="mlflow.onnx", data=MODEL)
    picture = np.random.default_rng(0).integers(0, 256, (_EXAMPLE_SIDE, _EXAMPLE_SIDE, 3), dtype=np.uint8)
    example = _Example({inputs.input_names()[0]: picture})
    example.save(str(into))
    model.saved_input_example_info = example.info
    model.model_size_bytes = sum((into / name).stat().st_size for name in names)
    model.save(str(into / "MLmodel"))


def _signature(path: Path) -> tuple[Any, Any]:
    """Return the graph's inputs and outputs as MLflow schemas; a dynamic size is -1."""
    import onnx
    from mlflow.types import Schema, TensorSpec

    def schema(values: Any) -> Schema:
        specs: list[Any] = []
        for value in values:
            tensor = value.type.tensor_type
            shape = [d.dim_value if d.HasField("dim_value") else -1 for d in tensor.shape.dim]
            specs.append(TensorSpec(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type), shape, value.name))
        return Schema(specs)

    graph = onnx.load(path, load_external_data=False).graph
    return schema(graph.input), schema(graph.output)


def _onnx_version() -> str:
    from importlib.metadata import version

    return version("onnx")


def _log_model_metrics(run: Run, manifest: Manifest, model_id: str) -> None:
    """Log the headline metrics on the model itself, so that the list of models can be sorted by them."""
    from mlflow.entities import Metric

    metrics = [
        Metric(f"{MORE}/test/{name}", value, run.started_ms, 0, model_id=model_id, run_id=run.run_id)
        for name, value in numbers(manifest.metrics)
    ]
    if metrics:
        run.client.log_batch(run.run_id, metrics=metrics)
