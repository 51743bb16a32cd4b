from dataclasses import replace
from pathlib import Path

import pytest

from assistant.evaluation.prompts import Prompt, append_prompt, load_prompts
from ingest.errors import PromptsInvalid

SOURCES = {"a.md", "b.md"}
EXPECTED = (
    Prompt("one", "Wo tut die Hüfte weh?", history=("Was ist die Hüfte?",), answers=("Leiste", "Gesäß"), tags=("hip",)),
    Prompt("two", "What helps?", passages=("Walk every day.",), relevance={"a.md": 3, "b.md": 0}),
    Prompt("three", "Where?", sources=("b.md",)),
    Prompt("four", "Which dose?", unanswerable=True),
    Prompt("five", "And Köln?", history=("Is it in Bonn?",), answers=("Rhine",), leans=False),
    Prompt("six", "How and how long?", needs=("Walk.", "5 Minuten")),
)
JSONL = """\
{"id": "one", "question": "Wo tut die Hüfte weh?", "history": ["Was ist die Hüfte?"], "answers": ["Leiste", "Gesäß"], "tags": ["hip"]}

{"id": "two", "question": "What helps?", "passages": ["Walk every day."], "relevance": {"a.md": 3, "b.md": 0}}
{"id": "three", "question": "Where?", "sources": ["b.md"], "unanswerable": false, "answers": null}
{"id": "four", "question": "Which dose?", "unanswerable": true}
{"id": "five", "question": "And Köln?", "history": ["Is it in Bonn?"], "answers": ["Rhine"], "leans": false}
{"id": "six", "question": "How and how long?", "needs": ["Walk.", "5 Minuten"]}
"""  # noqa: E501
YAML = """\
- id: one
  question: Wo tut die Hüfte weh?
  history: ["Was ist die Hüfte?"]
  answers: [Leiste, Gesäß]
  tags: [hip]
- id: two
  question: What helps?
  passages:
    - Walk every day.
  relevance: {a.md: 3, b.md: 0}
- {id: three, question: "Where?", sources: [b.md]}
- {id: four, question: "Which dose?", unanswerable: true}
- {id: five, question: "And Köln?", history: ["Is it in Bonn?"], answers: [Rhine], leans: false}
- {id: six, question: "How and how long?", needs: [Walk., 5 Minuten]}
"""
CSV = """\
id,question,history,answers,needs,passages,sources,relevance,unanswerable,leans,tags
one,Wo tut die Hüfte weh?,Was ist die Hüfte?,Leiste | Gesäß,,,,,,,hip
two,What helps?,,,,Walk every day.,,a.md=3|b.md=0,,,

three,Where?,,,,,b.md,,no,,
four,Which dose?,,,,,,,TRUE,,
five,And Köln?,Is it in Bonn?,Rhine,,,,,,no,
six,How and how long?,,,Walk. | 5 Minuten,,,,,,
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(path: Path, known: set[str] | None = SOURCES) -> list[tuple[int | None, str]]:
    with pytest.raises(PromptsInvalid) as caught:
        load_prompts(path, known)
    return [(fault.line, fault.what) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.jsonl", JSONL), ("p.JSONL", "\ufeff" + JSONL), ("p.yaml", YAML), ("p.yml", YAML), ("p.csv", CSV)],
)
def test_every_format_holds_the_same_prompts(name: str, text: str, tmp_path: Path) -> None:
    assert load_prompts(written(tmp_path, name, text), SOURCES) == EXPECTED


def test_a_csv_cell_may_go_over_lines(tmp_path: Path) -> None:
    text = 'id,question,answers,sources\r\none,"What\r\nhelps?",walk,\r\ntwo,Where?,,c.md\r\n'
    assert faults_of(written(tmp_path, "p.csv", text)) == [(4, "the corpus has no source 'c.md'")]


JSONL_FAULTS = """\
{"id": "one", "question": "Q?", "answers": ["a"]
{"question": "Q?", "answers": ["a"]}
{"id": "three", "answers": ["a"]}
{"id": "four", "question": "Q?", "answers": ["a"], "passages": ["p"], "unanswerable": true}

{"id": "four", "question": "Q?", "unanswerable": true}
{"id": "seven", "question": "Q?"}
{"id": "eight", "question": "Q?", "anwers": ["a"], "unanswerable": true}
{"id": 9, "question": "Q?", "answers": "a", "tags": [3], "unanswerable": "yes"}
{"id": "ten", "question": "Q?", "relevance": {"a.md": 4, "b.md": true}}
{"id": "eleven", "question": "Q?", "sources": ["a.md", "c.md"], "relevance": {"d.md": 1}}
["a list"]
{"id": "thirteen", "id": "13", "question": "Q?", "unanswerable": true}
{"id": "fourteen", "question": " ", "answers": ["", "a"]}
{"id": "fifteen", "question": "Q?", "relevance": {"a.md": 0}}
{"id": "sixteen", "question": "Q?", "relevance": ["a.md"]}
{"id": "seventeen", "question": "Q?", "answers": ["a"], "leans": true}
{"id": "eighteen", "question": "Q?", "answers": ["a"], "history": ["P?"], "leans": 1}
{"id": "nineteen", "question": "Q?", "needs": ["a", " "], "unanswerable": true}
{"id": "twenty", "question": "Q?", "needs": "a"}
"""
KNOWN = "the fields are id, question, history, answers, needs, passages, sources, relevance, unanswerable, leans, tags"
NOTHING = "nothing to judge: give answers, needs, passages, sources, relevance or unanswerable"


def test_every_fault_of_a_jsonl_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "p.jsonl", JSONL_FAULTS)
    assert faults_of(path) == [
        (1, "invalid JSON: Expecting ',' delimiter (column 49)"),
        (2, "id is missing"),
        (3, "question is missing"),
        (4, "unanswerable does not go with answers and passages"),
        (6, "id 'four' is already used on line 4"),
        (7, NOTHING),
        (8, f"unknown field 'anwers'; {KNOWN}"),
        (9, "id must be text (put 9 in quotation marks)"),
        (9, "answers must be a list of texts"),
        (9, "tags must contain only texts (put 3 in quotation marks)"),
        (9, "unanswerable must be true or false"),
        (9, "unanswerable does not go with answers"),
        (10, "the grade of 'a.md' must be a whole number from 0 to 3"),
        (10, "the grade of 'b.md' must be a whole number from 0 to 3"),
        (11, "the corpus has no source 'c.md'"),
        (11, "the corpus has no source 'd.md'"),
        (12, "not a JSON object"),
        (13, "'id' is given twice"),
        (14, "question is missing"),
        (14, "answers contains an empty text"),
        (15, "relevance grades no file above 0"),
        (16, "relevance must map files to grades"),
        (17, "leans needs a history"),
        (18, "leans must be true or false"),
        (19, "needs contains an empty text"),
        (19, "unanswerable does not go with needs"),
        (20, "needs must be a list of texts"),
    ]


def test_the_error_is_one_line_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path, "p.jsonl", '{"id": "a"}\n')
    with pytest.raises(PromptsInvalid) as caught:
        load_prompts(path, None)
    assert str(caught.value).splitlines() == [
        f"{path}: has 2 faults, so nothing was run; correct the file",
        "  line 1: question is missing",
        f"  line 1: {NOTHING}",
    ]


def test_faults_of_yaml_name_the_line_of_their_field(tmp_path: Path) -> None:
    text = (
        "- id: one\n  question: Q?\n  answers: [a]\n  unanswerable: true\n"
        "- id: one\n  question: Q?\n  sources:\n    - c.md\n"
        "-\n  question: Q?\n  extra: 1\n  answers: [2000]\n"
        "- just text\n"
        "- id: x\n  question: Q?\n  id: y\n  unanswerable: true\n"
        "- id: z\n  question: Q?\n  relevance:\n    a.md: high\n"
    )
    assert faults_of(written(tmp_path, "p.yaml", text)) == [
        (4, "unanswerable does not go with answers"),
        (5, "id 'one' is already used on line 1"),
        (7, "the corpus has no source 'c.md'"),
        (10, "id is missing"),
        (11, f"unknown field 'extra'; {KNOWN}"),
        (12, "answers must contain only texts (put 2000 in quotation marks)"),
        (13, "not a mapping of fields"),
        (16, "'id' is given twice"),
        (20, "the grade of 'a.md' must be a whole number from 0 to 3"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- id: one\n  question: [\n", 3, "invalid YAML"),
        ("prompts: []\n", 1, "not a list"),
        ("- id: a\n  question: !!python/object:os.system x\n", 2, "invalid YAML"),
        ("- id: a\n  question: 2020-13-45\n", 1, "invalid YAML"),
        ("- id: a\n- id: \x07\n", 2, "invalid YAML"),
        ("- a\n---\n- b\n", 2, "invalid YAML"),
    ],
)
def test_yaml_that_does_not_parse(text: str, line: int, words: str, tmp_path: Path) -> None:
    [(found, what)] = faults_of(written(tmp_path, "p.yaml", text))
    assert found == line
    assert words in what


def test_faults_of_csv_name_the_row_they_begin_in(tmp_path: Path) -> None:
    text = (
        "id,question,answers,relevance,unanswerable,anwers\n"
        'one,"Two\nlines?",a,,maybe,\n'
        "two,Q?,,a.md=high|b.md=2,,\n"
        ",Q?,a,,,\n"
        "two,Q?,a,,,x\n"
        "five,Q?,a,,,,7\n"
    )
    assert faults_of(written(tmp_path, "p.csv", text)) == [
        (2, "unanswerable must be true or false"),
        (2, "unanswerable does not go with answers"),
        (4, "the grade of 'a.md' must be a whole number from 0 to 3"),
        (5, "id is missing"),
        (6, f"unknown field 'anwers'; {KNOWN}"),
        (6, "id 'two' is already used on line 4"),
        (7, "7 cells, but the first row names 6 fields"),
    ]


def test_csv_that_does_not_parse(tmp_path: Path) -> None:
    [(line, what)] = faults_of(written(tmp_path, "p.csv", 'id,question,answers\na,Q?,x\nb,"Q?,x\n'))
    assert line == 3
    assert what.startswith("invalid CSV")
    assert faults_of(written(tmp_path, "q.csv", "id,id,question,unanswerable\n1,1,Q?,yes\n")) == [
        (1, "'id' is given twice")
    ]


@pytest.mark.parametrize(("name", "line"), [("p.jsonl", 2), ("p.csv", 2), ("p.yaml", 2)])
def test_what_is_not_utf8(name: str, line: int, tmp_path: Path) -> None:
    start = {
        "p.jsonl": b'{"id": "a", "question": "Q?", "unanswerable": true}\n{"id": "\xff"}',
        "p.csv": b"id,question\n\xff",
    }
    path = tmp_path / name
    path.write_bytes(start.get(name, b"- id: a\n- id: \xff\n"))
    assert [found for found, _ in faults_of(path)] == [line]


@pytest.mark.parametrize(
    ("name", "text"), [("p.jsonl", "\n\n"), ("p.yaml", ""), ("p.yaml", "[]"), ("p.csv", "id,question\n")]
)
def test_a_file_without_prompts(name: str, text: str, tmp_path: Path) -> None:
    assert faults_of(written(tmp_path, name, text)) == [(None, "the file has no questions")]


def test_a_missing_file_and_an_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(PromptsInvalid, match="cannot be read"):
        load_prompts(tmp_path / "none.jsonl", None)
    with pytest.raises(PromptsInvalid, match=r"use one of \.jsonl, \.yaml, \.yml, \.csv"):
        load_prompts(written(tmp_path, "p.txt", ""), None)


def test_unknown_sources_pass_where_the_corpus_is_not_asked(tmp_path: Path) -> None:
    path = written(tmp_path, "p.jsonl", '{"id": "a", "question": "Q?", "sources": ["c.md"]}\n')
    assert load_prompts(path, None)[0].sources == ("c.md",)


def test_appended_prompts_come_back(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    for prompt in EXPECTED:
        append_prompt(path, prompt)
    odd = Prompt("odd", "a line\u2028of its own, \x85 and\n\u2029?", answers=("ü",))
    append_prompt(path, odd)
    assert load_prompts(path, None) == (*EXPECTED, odd)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 7
    assert '"Wo tut die Hüfte weh?"' in path.read_text(encoding="utf-8")


def test_appending_ends_an_unfinished_line_first(tmp_path: Path) -> None:
    path = written(tmp_path, "p.jsonl", '{"id": "a", "question": "Q?", "unanswerable": true}')
    append_prompt(path, EXPECTED[3])
    assert [prompt.id for prompt in load_prompts(path, None)] == ["a", "four"]


def test_what_cannot_be_appended_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    append_prompt(path, EXPECTED[0])
    before = path.read_bytes()
    with pytest.raises(PromptsInvalid, match="is already in the file"):
        append_prompt(path, EXPECTED[0])
    with pytest.raises(PromptsInvalid, match="unanswerable does not go with answers"):
        append_prompt(path, replace(EXPECTED[0], id="new", unanswerable=True))
    with pytest.raises(PromptsInvalid, match=r"only be added to \.jsonl"):
        append_prompt(tmp_path / "p.csv", EXPECTED[0])
    with pytest.raises(PromptsInvalid, match="cannot be written"):
        append_prompt(tmp_path / "none" / "p.jsonl", EXPECTED[0])
    assert path.read_bytes() == before
