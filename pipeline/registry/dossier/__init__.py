"""The dossier of a version: one self-contained document for those who must sign."""
