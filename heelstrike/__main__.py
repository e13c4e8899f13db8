"""`python -m heelstrike`: the command line."""

from heelstrike.cli import app

app(prog_name="heelstrike")
