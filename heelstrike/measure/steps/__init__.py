"""Steps of a walk seen from behind, from the markers of both legs over time (docs/steps.md)."""
