"""Wrong passwords are counted for all pages of a data folder together."""

from pathlib import Path

import pytest

from ui.handlers import attempts
from ui.handlers.attempts import ATTEMPTS, FILE_NAME, Attempts


def test_two_pages_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Attempts(tmp_path), Attempts(tmp_path)
    for number in range(ATTEMPTS):
        assert one.pause("192.0.2.1", "Rita") == 0
        (one, other)[number % 2].add("192.0.2.1", "Rita")
    assert all(200 < each.pause("192.0.2.1", "Tom") <= 300 for each in (one, other))
    assert one.pause("192.0.2.2", "Rita") == 0
    for number in range(2 * ATTEMPTS):
        other.add(f"192.0.2.{number + 2}", "rita")
    assert one.pause("192.0.2.200", "RITA") > 200
    assert "rita" not in (tmp_path / FILE_NAME).read_text().casefold()
    monkeypatch.setattr(attempts, "PAUSE_SECONDS", 0.0)
    assert one.pause("192.0.2.1", "Rita") == 0


@pytest.mark.parametrize("content", ["", "[]", '{"address x": 3}', "\0"])
def test_an_edited_file_counts_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    counted = Attempts(tmp_path)
    assert counted.pause("x", "Rita") == 0
    for _ in range(ATTEMPTS):
        counted.add("x", "Rita")
    assert counted.pause("x", "Rita") > 0
