"""The box head."""
