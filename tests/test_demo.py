"""The demo says that all was verified only where all was."""

from __future__ import annotations

import pytest

from integration_hub.demo import stage
from integration_hub.demo.prompter import Prompter, Unverified
from integration_hub.processes import Stop


@pytest.fixture
def played(monkeypatch):
    """``played(what)``: the exit code of a demo whose play does ``what``."""
    monkeypatch.setattr(stage, "stop_on_signals", lambda: None)
    monkeypatch.setattr(stage, "_is_taken", lambda port: False)
    monkeypatch.setattr(stage.Stage, "_strike", lambda self: None)

    def run(what, *, once: bool) -> int:
        monkeypatch.setattr(stage.Stage, "_play", lambda self: what())
        return stage.Stage(8123, once=once).run()

    return run


def stopped() -> int:
    raise Stop


def test_a_demo_that_was_stopped_before_its_end_verified_nothing(played, capsys):
    assert played(stopped, once=True) == 1
    assert "VERIFIED" not in capsys.readouterr().out


def test_a_demo_that_goes_on_until_it_is_stopped_ends_well(played, capsys):
    assert played(stopped, once=False) == 0
    assert "VERIFIED" not in capsys.readouterr().out


def test_a_demo_whose_steps_were_all_found_says_so(played, capsys):
    assert played(lambda: 0, once=True) == 0
    assert "MAIN JOB VERIFIED" in capsys.readouterr().out


def test_a_step_that_does_not_show_ends_the_play():
    with pytest.raises(Unverified, match="nothing is there"):
        Prompter.check(object.__new__(Prompter), False, "nothing is there")
