"""Temperature scaling after training, so that a probability is the frequency of correct predictions."""

import torch
from torch.nn import functional

from pipeline.heads.arrays import Arrays
from pipeline.models.classifier import Classifier

_STEPS, _BATCH = 50, 64


def calibrate(network: Classifier, val: Arrays) -> None:
    """Fit the temperature of a classifier to the validation split.

    It is the temperature with the least cross-entropy (Guo et al. 2017), limited to 0.25 to 4 so that a validation
    split without errors does not give probabilities of 1.

    Args:
        network: The network, on the CPU, in evaluation mode; its `temperature` is set.
        val: The validation split, with classes.
    """
    assert val.classes is not None
    classes = torch.from_numpy(val.classes)
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(val.images[start : start + _BATCH].copy()))["class"]
            for start in range(0, len(val), _BATCH)
        ]
    logits, known = torch.cat(parts).clone(), classes >= 0
    if not known.any():
        return
    log_temperature = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimizer.zero_grad()
        value = functional.cross_entropy(logits[known] / log_temperature.exp(), classes[known])
        value.backward()
        return value.item()

    optimizer.step(loss)
    network.temperature.fill_(float(log_temperature.detach().exp().clamp(0.25, 4.0)))
