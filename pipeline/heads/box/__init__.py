"""The box head predicts the box of the one instance.

Output: `boxes` (N, 4) as x, y, width, height in input pixels.
"""

from pipeline.heads.head import Head
from pipeline.heads.needs import one_instance

BOX = Head(
    name="box",
    room=__name__,
    outputs=("boxes",),
    misfit=one_instance,
    card="its box",
    headlines=("iou_loss_percent", "ap"),
    label="% IoU loss",
)
