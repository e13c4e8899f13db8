"""The judgement of a trained temporal model: calibrated on validation videos, judged on test videos."""

from heelstrike.measure.build import build_measure
from heelstrike.measure.radii import Radii
from pipeline.evaluate.temporal.answers import predict_videos
from pipeline.evaluate.temporal.calibrate import calibrated
from pipeline.evaluate.temporal.judge import judge_temporal
from pipeline.evaluate.temporal.result import Verdict
from pipeline.layout import Layout
from pipeline.models.network import Network
from pipeline.models.temporal.saved import load_temporal
from pipeline.params import ProblemParams
from pipeline.splits import TEST, VAL


def temporal_verdict(network: Network, params: ProblemParams, layout: Layout, radii: Radii | None) -> Verdict | None:
    """Judge the temporal model in models/P/train; `None` if the network was trained without one.

    Args:
        network: The per-frame network.
        params: The problem's section.
        layout: Where models and prepared splits lie.
        radii: Radii of the network; `None` without.

    Raises:
        UserError: A file is missing, or cannot be read.
    """
    loaded = load_temporal(layout.out("train"))
    if loaded is None:
        return None
    temporal, plan = loaded
    measure = None
    if params.measure is not None:
        measure = build_measure(params.measure, params.problem.keypoints, params.package.confidence)
    val, test = (predict_videos(network, temporal, plan, layout.out("prepare") / split) for split in (VAL, TEST))
    settings = calibrated(val, plan, radii, measure)
    return judge_temporal(test, settings, plan.margin, radii)
