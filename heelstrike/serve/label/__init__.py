"""Labelling in the service: what people say where the points of a frame are. docs/label.md describes it.

`store.py` keeps every revision of every label, and refuses a save that is based on an old one. `queue.py` says which
frames deserve a label most, by what `signals.py` reads from results. `agreement.py` compares people who labelled the
same frames. `sheet.py` makes a label file, and `handover.py` puts it with its media where `heelstrike ingest` finds it.
"""
