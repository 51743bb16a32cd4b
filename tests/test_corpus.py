"""The shipped corpus describes itself, and its test prompts quote it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpus"
PROMPTS = ROOT / "tests" / "prompts" / "corpus.jsonl"

FOLLOW_UPS = (PROMPTS.with_name("follow-ups.jsonl"), PROMPTS.with_name("follow-ups-unseen.jsonl"))

SOURCES = sorted(CORPUS.glob("*.md"))


def split_front_matter(path: Path) -> tuple[dict[str, Any], str]:
    """Return the front matter and the text below it."""
    opening, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert opening == ""
    return yaml.safe_load(front), body


def read_prompts(path: Path) -> list[dict[str, Any]]:
    """Return a file's test prompts in its order."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


ALL_PROMPTS = read_prompts(PROMPTS)
FOLLOWING = [prompt for path in FOLLOW_UPS for prompt in read_prompts(path)]
ANSWERABLE = [prompt for prompt in ALL_PROMPTS if not prompt.get("unanswerable")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_source_has_front_matter(path: Path) -> None:
    front, body = split_front_matter(path)
    assert set(front) == {"title", "summary", "facts_from"}
    assert all(isinstance(value, str) and value.strip() for value in front.values())
    assert body.strip()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_source_keeps_each_paragraph_on_one_line(path: Path) -> None:
    _, body = split_front_matter(path)
    for block in body.strip().split("\n\n"):
        lines = block.split("\n")
        assert len(lines) == 1 or all(line[:1].isdigit() or line.startswith("- ") for line in lines)


def test_sources_are_about_a_dozen_with_titles_of_their_own() -> None:
    titles = [split_front_matter(path)[0]["title"] for path in SOURCES]
    assert 11 <= len(titles) <= 13
    assert len(set(titles)) == len(titles)


def test_corpus_describes_itself() -> None:
    described = yaml.safe_load((CORPUS / "corpus.yaml").read_text(encoding="utf-8"))
    assert set(described) == {"name", "description", "notice", "questions"}
    assert all(isinstance(described[key], str) and described[key].strip() for key in ("name", "description", "notice"))
    assert 5 <= len(described["questions"]) <= 6
    assert all(isinstance(question, str) and question.strip() for question in described["questions"])


def test_prompts_are_enough_and_a_third_is_unanswerable() -> None:
    assert len(ALL_PROMPTS) >= 40
    assert 3 * (len(ALL_PROMPTS) - len(ANSWERABLE)) >= len(ALL_PROMPTS)


@pytest.mark.parametrize("key", ["id", "question"])
def test_prompts_differ(key: str) -> None:
    counts = Counter(prompt[key] for prompt in ALL_PROMPTS)
    assert [value for value, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("prompt", ALL_PROMPTS, ids=lambda prompt: prompt["id"])
def test_prompt_has_answers_or_is_unanswerable(prompt: dict[str, Any]) -> None:
    assert prompt["question"].strip()
    assert prompt["tags"]
    if "unanswerable" in prompt:
        assert set(prompt) == {"id", "question", "unanswerable", "tags"}
        assert prompt["unanswerable"] is True
    else:
        assert set(prompt) == {"id", "question", "answers", "sources", "tags"}
        assert prompt["answers"]
        assert prompt["sources"]


def test_follow_ups_are_of_both_kinds_and_each_can_be_judged() -> None:
    assert len({prompt["id"] for prompt in FOLLOWING}) == len(FOLLOWING) >= 60
    assert all(prompt["history"] for prompt in FOLLOWING)
    leaning = [prompt for prompt in FOLLOWING if prompt["leans"]]
    assert 0.4 <= len(leaning) / len(FOLLOWING) <= 0.6
    assert all(prompt["sources"] for prompt in leaning)


@pytest.mark.parametrize(
    "prompt", [*ANSWERABLE, *(each for each in FOLLOWING if "answers" in each)], ids=lambda prompt: prompt["id"]
)
def test_answers_stand_verbatim_in_the_sources(prompt: dict[str, Any]) -> None:
    bodies = [split_front_matter(CORPUS / source)[1] for source in prompt["sources"]]
    lines = [line for body in bodies for line in body.splitlines()]
    missing = [answer for answer in prompt["answers"] if not any(answer in line for line in lines)]
    assert missing == []


def test_every_source_answers_a_prompt() -> None:
    asked = {source for prompt in ANSWERABLE for source in prompt["sources"]}
    assert asked == {path.name for path in SOURCES}
