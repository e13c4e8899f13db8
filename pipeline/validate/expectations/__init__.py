"""All expectations by their names in params.yaml. A new one is a class in a file here and one line below."""

from pipeline.validate.check import Check
from pipeline.validate.expectations.apart import KeypointsApart
from pipeline.validate.expectations.classes import BoxesInImage, ClassesLabelled
from pipeline.validate.expectations.duplicates import NoImageOfTwoSubjects
from pipeline.validate.expectations.identifiable import KeypointsIdentifiable
from pipeline.validate.expectations.images import ImagesReadable
from pipeline.validate.expectations.inside import KeypointsInBox, KeypointsInImage
from pipeline.validate.expectations.jumps import NoJumps
from pipeline.validate.expectations.labelled import KeypointsLabelled
from pipeline.validate.expectations.order import OrderedTopToBottom
from pipeline.validate.expectations.segments import SegmentLengths
from pipeline.validate.expectations.sides import LeftRightNotSwapped

EXPECTATIONS: dict[str, type[Check]] = {
    "images_readable": ImagesReadable,
    "keypoints_in_image": KeypointsInImage,
    "keypoints_in_box": KeypointsInBox,
    "keypoints_apart": KeypointsApart,
    "keypoints_labelled": KeypointsLabelled,
    "ordered_top_to_bottom": OrderedTopToBottom,
    "segment_lengths": SegmentLengths,
    "left_right_not_swapped": LeftRightNotSwapped,
    "no_jumps": NoJumps,
    "no_image_of_two_subjects": NoImageOfTwoSubjects,
    "boxes_in_image": BoxesInImage,
    "classes_labelled": ClassesLabelled,
    "keypoints_identifiable": KeypointsIdentifiable,
}
