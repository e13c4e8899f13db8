"""Augmentation of training images: image, keypoints and boxes are moved together."""
