"""`cited verify`: checks an exported conversation against the current texts."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assistant.conversations.json_file import conversation_json
from assistant.schema import Answer, Conversation, Evidence, Quote, Turn
from ingest.errors import ConversationInvalid
from ingest.origin import FileState
from ingest.runs.pipeline import RunReport
from ingest.schema import Passage
from ui.command.cli import app

HIP = "# Hip\n\nA pillow between the knees keeps the hip level. It often lets people sleep.\n"
PILLOW = "A pillow between the knees keeps the hip level."


@pytest.fixture
def export(indexed: Callable[..., RunReport], tmp_path: Path) -> Path:
    indexed({"hip.md": HIP, "other.md": "Nothing of interest.\n"})
    passage = Passage("p", str(tmp_path / "corpus"), "hip.md", 7, 7 + len(HIP[7:-1]), HIP[7:-1], None, (), (), "")
    quote = Quote(Evidence(passage, 7, 7 + len(PILLOW), 1.0), None, 3, None, FileState.SAME)
    turns = (Turn(1, "Pillow?", Answer("Pillow?", (quote,), None, ("hip.md",), 0.9, 1)), Turn(2, "Why?", failure="f"))
    path = tmp_path / "export.json"
    path.write_text(conversation_json(Conversation("c", "Pillow?", datetime.now(UTC), turns)), encoding="utf-8")
    return path


def verify(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["verify", *map(str, arguments)])


def test_an_unchanged_quote(export: Path) -> None:
    result = verify(export)
    assert (result.exit_code, result.output) == (0, f"same     [1.1] hip.md: {PILLOW}\n1 quote: 1 same\n")


def test_a_moved_quote(export: Path, tmp_path: Path) -> None:
    (tmp_path / "corpus" / "hip.md").write_text("A line.\n\n" + HIP, encoding="utf-8")
    result = verify(export)
    assert result.exit_code == 0
    assert "moved    [1.1] hip.md" in result.output
    assert "in hip.md, line 5, below Hip, characters 16-63" in result.output


def test_a_changed_quote(export: Path, tmp_path: Path) -> None:
    (tmp_path / "corpus" / "hip.md").write_text(HIP.replace("A pillow", "A cushion"), encoding="utf-8")
    result = verify(export)
    assert result.exit_code == 1
    assert "changed  [1.1] hip.md" in result.output
    assert "now: A cushion between the knees keeps the hip level." in result.output
    assert result.output.endswith("1 quote: 1 changed\n")


def test_a_missing_quote_as_json(export: Path, tmp_path: Path) -> None:
    (tmp_path / "corpus" / "hip.md").unlink()
    result = verify(export, "--json")
    assert result.exit_code == 1
    (quote,) = json.loads(result.stdout)["quotes"]
    assert (quote["quote"], quote["status"], quote["text"], quote["found"]) == ("1.1", "gone", PILLOW, None)


def test_a_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "package.json"
    path.write_text('{"name": "x"}', encoding="utf-8")
    result = verify(path)
    assert isinstance(result.exception, ConversationInvalid)
    assert "choose a file exported as JSON" in str(result.exception)
