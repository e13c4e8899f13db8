"""What a training and the engines use of this machine: its cores, and the devices that HEELSTRIKE_DEVICES names."""

import os

from heelstrike.errors import UserError

DEVICES = "HEELSTRIKE_DEVICES"


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def devices() -> int:
    """Return the number of devices of a training; 1 by default. A retrain and each stage ask when they start.

    Raises:
        UserError: HEELSTRIKE_DEVICES is no number, or this machine has fewer GPUs.
    """
    text = os.environ.get(DEVICES) or "1"
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 1024):
        raise UserError(f"{DEVICES} is {text[:100]!r}; expected the number of devices of a training (docs/scale.md)")
    count = int(text)
    if count > 1:
        import torch  # takes seconds, which a stage on one device need not wait

        gpus = torch.cuda.device_count()
        if 0 < gpus < count:
            raise UserError(f"{DEVICES} is {text}, but this machine has {gpus} GPU{'s' if gpus > 1 else ''}")
    return count
