"""The records of measuring: trials are whole, those that code names are there, and figures become tables."""

import json
import re
from pathlib import Path

from tests.bench import measure

ROOT = Path(__file__).parents[2]
FIELDS = ["name", "date", "question", "changed", "before", "after", "verdict", "notes"]
LINES = Path(__file__).with_name("trials.jsonl").read_text(encoding="utf-8").splitlines()
TRIALS = [json.loads(line) for line in LINES]
NAME = r"[a-z0-9]+(?:[-.][a-z0-9]+)+"


def test_every_trial_is_whole() -> None:
    for trial in TRIALS:
        assert list(trial) == FIELDS
        assert re.fullmatch(NAME, trial["name"])
        assert trial["question"] and trial["changed"]
        assert trial["verdict"] in ("kept", "dropped", "measured")
    assert len({trial["name"] for trial in TRIALS}) == len(TRIALS)


def test_code_names_trials_that_are_there() -> None:
    files = [path for room in ("ingest", "assistant", "tests") for path in (ROOT / room).rglob("*.py")]
    comments = [line.partition("#")[2] for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    named = [name for each in comments if "see the trial" in each.lower() for name in re.findall(NAME, each)]
    assert named
    assert set(named) <= {trial["name"] for trial in TRIALS}


def test_results_are_a_table_of_what_was_measured_and_left_out() -> None:
    made = {"figures": {"with the cross-encoder": {"held out": {"xquad": {"gate accuracy": 0.5}}, "unseen": {}}}}
    text = measure.report({"xquad": {"quote_hit": 0.25, "words_per_answer": 42.4}}, made, "Of today.")
    assert text.startswith("# What holds today\n\nOf today.\n")
    fitted = "the sentence score and the gate were fitted on it"
    assert f"| xquad | {fitted} | – | 0.250 | – | 42 |" in text
    assert text.endswith(f"| xquad | {fitted} | 0.500 |\n")
