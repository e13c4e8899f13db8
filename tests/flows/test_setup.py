"""When the environment of a checkout has to be made again."""

import pytest

from flows import setup


@pytest.mark.parametrize("folder", ["moved", "moved with space", "before/checkout"])
def test_an_environment_is_of_another_checkout_after_a_move(tmp_path, monkeypatch, folder):
    """`before/checkout` ends as the path of the present one does."""
    here, there = tmp_path / "checkout", tmp_path / folder
    commands = {here: f"#!{here}/.venv/bin/python\n", there: f"#!/bin/sh\n'''exec' '{there}/.venv/bin/python' \"$0\"\n"}
    monkeypatch.setattr(setup, "ENVIRONMENT", here / ".venv")
    monkeypatch.setattr(setup, "BIN", here / ".venv" / "bin")
    assert not setup._is_of_another_checkout()  # there is none yet
    setup.BIN.mkdir(parents=True)
    for root, is_of_another in ((here, False), (there, True)):
        (setup.BIN / "heelstrike").write_text(commands[root])
        assert setup._is_of_another_checkout() == is_of_another
