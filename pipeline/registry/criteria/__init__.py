"""The gates: each checks one property and passes or fails with numbers. `gates` lists and runs them all."""
