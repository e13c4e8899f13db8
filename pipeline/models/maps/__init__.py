"""Networks that say a map for each keypoint: a body that makes features, and a head that its codec understands.

To add one, write a body and its settings in pipeline/models/settings/maps.py, which name it.
"""
