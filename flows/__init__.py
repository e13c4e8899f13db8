"""Prefect flows and the operator's command line. They say what runs when; mathematics and file formats lie below."""
