"""The detector's head: any number of instances."""
