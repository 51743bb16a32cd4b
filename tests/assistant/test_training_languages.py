"""The sets of other languages, and the coefficients that are fitted on them."""

import json
from pathlib import Path

import numpy as np

from assistant.answering.evidence import NAMES
from assistant.answering.weights import parse_foreign
from assistant.training.fit import Fit, Gate
from assistant.training.languages import drawn, write, write_set


def article(language: str) -> dict[str, object]:
    paragraphs = [
        {"context": f"{word} {language}. ", "qas": [{"id": f"q{n}", "question": f"{n}?", "answers": [{"text": word}]}]}
        for n, word in enumerate(("Heat", "Cold", "Rain"))
    ]
    return {"title": "The_weather", "paragraphs": paragraphs}


def test_a_set_has_the_paragraphs_and_questions_of_the_english_one(tmp_path: Path) -> None:
    for language in ("en", "de"):
        other = {"title": "Left_out", "paragraphs": [{"context": "x", "qas": []}]}
        data = {"data": [article(language), other]}
        (tmp_path / f"xquad.{language}.json").write_text(json.dumps(data), encoding="utf-8")
    (tmp_path / "en" / "corpus").mkdir(parents=True)
    (tmp_path / "en" / "corpus" / "weather.md").write_text("# The weather\n\nHeat en.\n", encoding="utf-8")
    asked = [
        {"id": "q0", "question": "0?", "answers": ["Heat"], "sources": ["weather.md"]},
        {"id": "q1", "question": "1?", "unanswerable": True},
    ]
    lines = "".join(json.dumps(each) + "\n" for each in asked)
    (tmp_path / "en" / "prompts.jsonl").write_text(lines, encoding="utf-8")
    write_set(tmp_path, tmp_path / "en", "de", tmp_path / "out")
    assert [file.name for file in (tmp_path / "out" / "corpus").iterdir()] == ["weather.md"]
    assert (tmp_path / "out" / "corpus" / "weather.md").read_text(encoding="utf-8") == "# The weather\n\nHeat de.\n"
    answerable, unanswerable = drawn(tmp_path / "out")
    assert (answerable.id, answerable.answers, answerable.passages) == ("q0", ("Heat",), ("Heat de.",))
    assert answerable.sources == ("weather.md",)
    assert (unanswerable.id, unanswerable.unanswerable) == ("q1", True)


def test_what_is_fitted_is_what_is_read(tmp_path: Path) -> None:
    weights = np.arange(len(NAMES), dtype=np.float64)
    write({"one": Fit(weights, Gate(-1.5, weights / 2), {})}, tmp_path / "languages.json")
    (scorer,) = parse_foreign((tmp_path / "languages.json").read_text(encoding="utf-8")).values()
    assert scorer.weights(NAMES).tolist() == weights.tolist()
    assert scorer.gate.bias == -1.5
    assert scorer.gate.log_odds(dict.fromkeys(NAMES, 1.0)) == weights.sum() / 2 - 1.5
