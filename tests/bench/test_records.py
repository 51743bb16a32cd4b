"""The records of measuring: trials are whole, those that code names are there, and figures become tables."""

import json
import re
from pathlib import Path

from assistant.evaluation.measures import MEASURES
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
    assert all(len(line.split("|")) == len(measure.SHOWN) + 4 for line in text.splitlines() if "quote hit" in line)
    assert text.endswith(f"| xquad | {fitted} | 0.500 |\n")


def test_every_set_says_what_took_part_in_a_fit_and_every_column_is_measured() -> None:
    assert set(measure.SETS) <= measure.TOOK_PART.keys()
    assert measure.SHOWN.keys() - MEASURES.keys() == {"median_ms"}


def test_the_halves_of_the_near_misses_and_lists_share_no_prompt(tmp_path: Path) -> None:
    choose, decide = (measure.prompts_of(name, tmp_path) for name in measure.HALVES)
    assert not {prompt.id for prompt in choose} & {prompt.id for prompt in decide}
    for half in (choose, decide):
        assert [sum(each.unanswerable for each in half), sum(bool(each.needs) for each in half)] == [30, 20]


def test_a_set_is_read_from_its_folder_in_the_bench(tmp_path: Path) -> None:
    (tmp_path / "strangers" / "cook").mkdir(parents=True)
    line = '{"id": "a", "question": "Q?", "unanswerable": true}'
    (tmp_path / "strangers" / "cook" / "prompts.jsonl").write_text(line, encoding="utf-8")
    assert [prompt.id for prompt in measure.prompts_of("strangers/cook", tmp_path)] == ["a"]
