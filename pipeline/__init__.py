"""Heelstrike's stages and the code they share. Keep this file empty of imports: each stage pays only for its own."""
