"""Heelstrike, the consumer's library: pull a model from the registry, verify it, measure with it. Needs no torch."""
