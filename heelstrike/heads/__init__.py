"""Heads: what the consumer's library knows of each kind of answer of a network. One file each; see `registry`."""
