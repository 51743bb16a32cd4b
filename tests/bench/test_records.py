"""The records of measuring: trials are whole, those that code names are there, and figures become tables."""

import json
import re
from pathlib import Path

import numpy as np

from assistant.evaluation.measures import MEASURES
from ingest.schema import Block, Document, Passage
from tests.bench import growth, measure, peer

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


def test_a_part_of_the_results_replaces_the_one_of_the_same_name_and_leaves_the_others() -> None:
    former = "# What holds\n\nOf today.\n\n## Growth\n\nformer\n\n## Sets\n\n| a |\n"
    assert measure.merged(former, "## Growth\n\nnew\n") == former.replace("former", "new")
    assert measure.merged(former, "## Other\n\nmore\n") == f"{former}\n## Other\n\nmore\n"


def test_what_we_take_stands_beside_what_the_pipeline_takes() -> None:
    ours = {row.key: 1.0 for row in peer.ROWS} | {"question p50 ms": 100.0, "ingest characters": 50_000.0}
    theirs = {row.key: 8.0 for row in peer.ROWS} | {"question p50 ms": 20.0, "ingest characters": 10_000.0}
    lines = peer.report(ours, theirs, "Of today.").splitlines()
    assert "| cold process to its first answer | 1 s | 8 s | 1/8 | 1/6 (holds) | 1/12 |" in lines
    assert any("| 100 ms | 20 ms | 5x | 3x (missed) | 1x |" in line for line in lines)
    assert "| ingest, characters a second | 50,000 | 10,000 | 5x | 2.5x (holds) | 4x |" in lines


def test_a_copy_of_a_text_has_other_words_in_the_same_places() -> None:
    text = "Sciatica hurts. The nerve, the nerve!"
    passage = Passage("1", "/", "a.md", 0, 15, text[:15], None, ("Sciatica",), ((0, 15),), "sha", "Sciatica")
    document = Document("a.md", "Sciatica", None, text, "0" * 64, headings=(), blocks=(Block(0, 37),))
    base = growth.Base(((document, (passage,)),), {"sha": np.eye(384, dtype=np.float32)[0]}, frozenset({"hurts"}))
    copies = [growth.Copy.of(base, number) for number in (1, 2, 3, 4)]
    for copy in copies:
        copied, (own,) = copy.document(document, [passage])
        assert len(copied.text) == len(text) and own.text == copied.text[:15]
        assert copied.text[9:14] == "hurts" and own.heading == (copied.title,)
        (vector,) = copy.vectors(np.stack(list(base.vectors.values())))
        assert np.isclose(np.linalg.norm(vector), 1) and 0.8 < vector[0] < 1
        assert own.sha == copy.name("sha") != "sha"
    assert len({copy.text(text) for copy in copies}) > 1


def test_growth_is_a_table_and_plots() -> None:
    small, large = ({name: size for name in growth.SHOWN.values()} | {"passages": size} for size in (100.0, 300.0))
    text = growth.report([small, large], "Of today.")
    assert "|  | 100 passages | 300 passages | grows |" in text
    assert "| disk, MB | 100 | 300 | 3x |" in text
    assert text.count("```mermaid") == len(growth.PLOTTED) and "bar [100, 300]" in text
