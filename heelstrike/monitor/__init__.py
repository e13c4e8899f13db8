"""Small files about what consumers' models see: a record of each input, and where two models disagree about it.

They hold numbers only: no pixels, no names, no paths. `pipeline.monitor` compares records with the reference.
"""
