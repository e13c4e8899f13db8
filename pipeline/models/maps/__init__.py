"""Networks that predict a map for each keypoint: a body makes features, a head makes the input of a codec.

A new network is a body and its settings in pipeline/models/settings/maps.py, which name it.
"""
