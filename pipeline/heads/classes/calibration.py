"""After training: make probabilities frequencies, by one number that is fitted on the validation split."""

import torch
from torch.nn import functional

from pipeline.heads.arrays import Arrays
from pipeline.models.classifier import Classifier

_STEPS, _BATCH = 50, 64


def calibrate(network: Classifier, val: Arrays) -> None:
    """Fit the temperature of a classifier to the validation split.

    The temperature with the least cross-entropy (Guo et al. 2017), between 0.25 and 4 so that a validation split
    without an error does not make the network certain of everything.

    Args:
        network: On the CPU, in evaluation mode.
        val: Has classes.
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
    log = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([log], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimizer.zero_grad()
        value = functional.cross_entropy(logits[known] / log.exp(), classes[known])
        value.backward()
        return value.item()

    optimizer.step(loss)
    network.temperature.fill_(float(log.detach().exp().clamp(0.25, 4.0)))
