"""The keypoint head, and what is measured on keypoints."""
