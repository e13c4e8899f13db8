"""The class head."""
