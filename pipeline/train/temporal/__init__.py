"""Training of a temporal model: successive labelled frames, disturbed and not, and what the trained network says."""
