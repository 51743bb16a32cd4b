import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from assistant import assistant as chain
from assistant.assistant import Assistant
from assistant.evaluation.trace import StageResult
from assistant.index import Index
from assistant.schema import Abstention, Answer, Evidence, Quote, ScoredPassage
from ingest.errors import PromptsInvalid, ResultsInvalid, SettingsInvalid, UserFacingError
from ingest.models.encoder import Encoder
from ingest.origin import FileState
from ingest.schema import Passage
from ingest.settings import Settings
from ui.command.evaluate import evaluate

PASSAGE = Passage("1", "/", "a.md", 0, 14, "The hip hurts.", None, (), ((0, 14),), "0")
PROMPTS = (
    '{"id": "[red]hip[/red]", "question": "hip?", "answers": ["hip"], "sources": ["a.md"], "tags": ["joint"]}\n'
    '{"id": "knee", "question": "knee?", "answers": ["kneecap"], "sources": ["a.md"]}\n'
    '{"id": "dose", "question": "dose?", "unanswerable": true}\n'
)


class HipExpert:
    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        if question == "dose?":
            return Answer(question, (), Abstention("no", (), (), 1, 1), (), 0.2, 1)
        quote = Quote(Evidence(PASSAGE, 0, 14, 1.0), None, 1, None, FileState.SAME)
        return Answer(question, (quote,), None, ("a.md",), 0.8, 1)

    def stages(self, question: str, history: Sequence[str] = ()) -> Mapping[str, Sequence[StageResult]]:
        return {"dense": [ScoredPassage(PASSAGE, 1.0)], "evidence": [Evidence(PASSAGE, 0, 14, 1.0)]}

    def sources(self) -> frozenset[str]:
        return frozenset({"a.md"})


@pytest.fixture
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write prompts, and make the command open an assistant that needs no index."""

    @contextmanager
    def open_assistant(settings: Settings) -> Iterator[HipExpert]:
        assert settings.data_dir == tmp_path
        yield HipExpert()

    monkeypatch.setattr(chain, "open_assistant", open_assistant)
    monkeypatch.setenv("COLUMNS", "160")
    path = tmp_path / "p.jsonl"
    path.write_text(PROMPTS, encoding="utf-8")
    return path


def run(prompts: Path, *options: str) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command("evaluate")(evaluate)
    result = CliRunner().invoke(app, [str(prompts), "--data-dir", str(prompts.parent), *options])
    if isinstance(result.exception, UserFacingError):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_measures_are_shown(prompts: Path) -> None:
    code, out, _ = run(prompts)
    assert code == 0
    [row] = [line for line in out.splitlines() if " quote_hit " in line]
    assert "0.5000" in row
    assert "0.0126 to 0.9874" in row
    assert "right quote: 1" in out
    assert "joint" in out


def test_files_are_written(prompts: Path) -> None:
    folder = prompts.parent
    names = {"--results": "r.jsonl", "--report": "r.html", "--junit": "r.xml"}
    run(prompts, *(part for option, name in names.items() for part in (option, str(folder / name))))
    rows = [json.loads(line) for line in (folder / "r.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["[red]hip[/red]", "knee", "dose"]
    assert "Failing questions (1)" in (folder / "r.html").read_text(encoding="utf-8")
    assert 'failures="1"' in (folder / "r.xml").read_text(encoding="utf-8")


def test_unmet_demands_exit_with_1_and_met_ones_do_not(prompts: Path) -> None:
    assert run(prompts, "--fail-under", "quote_hit=0.5", "--fail-under", "false_answer=0")[0] == 0
    code, _, err = run(prompts, "--fail-under", "quote_hit=0.9", "--fail-under", "false_answer=0")
    assert code == 1
    assert "Not met: quote_hit (Quote hit rate) is 0.5, below 0.9" in err
    assert "false_answer" not in err


def test_quiet_prints_only_what_is_not_met(prompts: Path) -> None:
    assert run(prompts, "--quiet", "--stages") == (0, "", "")
    code, out, err = run(prompts, "--quiet", "--fail-under", "quote_hit=0.9")
    assert (code, out) == (1, "")
    assert err.startswith("Not met: quote_hit")


def test_stages_show_where_a_prompt_is_lost(prompts: Path) -> None:
    _, out, _ = run(prompts, "--stages")
    assert [line.split()[:3] for line in out.splitlines() if " dense " in line and "0." in line] == [
        ["dense", "0.5000", "0.5000"]
    ]
    [knee] = [line for line in out.splitlines() if " knee " in line]
    assert knee.count("–") == 2


def test_a_comparison_lists_flips_with_their_questions(prompts: Path) -> None:
    earlier = prompts.parent / "r.jsonl"
    run(prompts, "--results", str(earlier))
    _, same, _ = run(prompts, "--compare", str(earlier))
    assert "Prompts flipped: 0 (0 for the better, 0 for the worse" in same
    first, *others = earlier.read_text(encoding="utf-8").splitlines(keepends=True)
    row = json.loads(first) | {"abstained": True, "quotes": []}
    earlier.write_text("".join([json.dumps(row) + "\n", *others]), encoding="utf-8")
    _, out, _ = run(prompts, "--compare", str(earlier))
    assert "Prompts flipped: 1 (1 for the better, 0 for the worse" in out
    [flip] = [line for line in out.splitlines() if "false refusal" in line and "hip?" in line]
    assert "[red]hip[/red]" in flip


def test_invalid_options_are_refused_before_anything_is_asked(prompts: Path) -> None:
    with pytest.raises(SettingsInvalid, match="there is no measure"):
        run(prompts, "--fail-under", "hits=1")
    with pytest.raises(ResultsInvalid, match="its folder does not exist"):
        run(prompts, "--report", str(prompts.parent / "none" / "r.html"))
    with pytest.raises(ResultsInvalid, match="cannot be read"):
        run(prompts, "--compare", str(prompts.parent / "none.jsonl"))
    prompts.write_text('{"id": "a", "question": "Q?", "sources": ["c.md"]}\n')
    with pytest.raises(PromptsInvalid, match="has no source 'c.md'"):
        run(prompts)


def test_unknown_sources_are_allowed_on_demand(prompts: Path) -> None:
    prompts.write_text('{"id": "a", "question": "hip?", "sources": ["a.md", "elsewhere.md"]}\n')
    assert run(prompts, "--allow-unknown-sources")[0] == 0


FILES = {
    "hip.md": "# Hip\n\nA pillow between the knees helps the sore hip at night. Rest helps.\n",
    "back.md": "# Back\n\nWalking every day helps the back. Heat eases the pain.\n",
}
CALIBRATION = (
    '{"id": "hip", "question": "What helps the sore hip at night?", "answers": ["pillow"]}\n'
    '{"id": "back", "question": "Does walking every day help the back?", "answers": ["Walking"]}\n'
    '{"id": "dose", "question": "Which dose of morphine stops migraine?", "unanswerable": true}\n'
)


@pytest.fixture
def indexed_prompts(
    prompts: Path, indexed: Callable[[dict[str, str]], object], encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Write prompts next to a real index, and make the command open the real assistant with the fake encoder."""
    indexed(FILES)

    @contextmanager
    def open_assistant(settings: Settings) -> Iterator[Assistant]:
        with closing(Assistant(Index(settings.data_dir, encoder))) as assistant:
            yield assistant

    monkeypatch.setattr(chain, "open_assistant", open_assistant)
    path = prompts.parent / "data" / "p.jsonl"
    path.write_text(CALIBRATION, encoding="utf-8")
    return path


def scores(path: Path) -> dict[str, float]:
    return {row["id"]: row["gate_score"] for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


def test_calibration_stores_a_threshold_between_the_kinds_and_shows_what_it_changed(indexed_prompts: Path) -> None:
    results = indexed_prompts.parent / "r.jsonl"
    run(indexed_prompts, "--threshold", "1")
    _, out, _ = run(indexed_prompts, "--calibrate", "--false-answers", "0", "--results", str(results))
    printed = re.search(r"Gate threshold: was 1.0000, now (0\.\d{4})", out)
    assert printed
    assert scores(results)["dose"] < float(printed[1]) < min(scores(results)["hip"], scores(results)["back"])
    assert re.search(r"False refusals +1\.0000 +0\.0000 +-1\.0000 ", out)
    assert '"abstained": false' in results.read_text(encoding="utf-8")


def test_the_threshold_is_set_and_reset(indexed_prompts: Path) -> None:
    assert "was 0.6 (default), now 0.2500" in run(indexed_prompts, "--threshold", "0.25")[1]
    assert "was 0.2500, now 0.6 (default)" in run(indexed_prompts, "--threshold", "default")[1]
    assert "was 0.6 (default), now 0.0000" in run(indexed_prompts, "--threshold", "0")[1]
    assert "false answer: 1" in run(indexed_prompts)[1]


@pytest.mark.parametrize("value", ["high", "1.5", "-0.1", "nan"])
def test_a_threshold_is_a_probability(prompts: Path, value: str) -> None:
    with pytest.raises(SettingsInvalid, match="is not a threshold"):
        run(prompts, f"--threshold={value}")
    with pytest.raises(SettingsInvalid, match="cannot be combined with --calibrate"):
        run(prompts, f"--threshold={value}", "--calibrate")
