"""The devices of this machine that a training uses, as HEELSTRIKE_DEVICES names them."""

import os

from heelstrike.errors import UserError

DEVICES = "HEELSTRIKE_DEVICES"


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


def refuse_parts(parts: int, count: int) -> None:
    """Refuse batches in parts (`train.parts`) if several devices share each batch.

    Raises:
        UserError: There are several parts and several devices.
    """
    if parts > 1 and count > 1:
        raise UserError(f"train.parts is {parts}, but {count} devices share each batch already; set it to 1")
