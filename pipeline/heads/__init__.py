"""Heads: each kind of answer in one room: training, scores, words, figures, graph outputs, error of the gates."""
