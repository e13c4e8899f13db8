"""Augment: albumentations recipes that move image and keypoints together."""
