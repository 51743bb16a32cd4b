"""What can be chosen, and what is asked: names of files and titles never become markup."""

from ingest.schema import EVERYTHING, Place, Selection
from tests.ui.page.hostile import HARMLESS, HOSTILE, SHOWN, Read
from ui.handlers.within import choices
from ui.page.choices import chosen_html
from ui.page.templating import render


class Named:
    """An assistant with one source of a name, in a folder of that name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def titles(self) -> list[tuple[Place, str]]:
        name = self.name.replace("/", "")
        return [((self.name, f"{name}/{name}.{name.split()[0]}"), self.name)]

    def count(self, within: Selection) -> int:
        return 1


def pages_of(name: str) -> list[str]:
    within = Selection(((name, name), ("", name)), (name,))
    return [
        render("choices.html", choices=choices(Named(name))),
        chosen_html(Named(name), within),
    ]


def test_names_and_titles_are_text() -> None:
    for hostile, harmless in zip(pages_of(HOSTILE), pages_of(HARMLESS), strict=True):
        read = Read(hostile)
        assert read.tags == Read(harmless).tags
        assert any(SHOWN in text for text in read.texts)


def test_all_sources_are_asked_unless_some_are_chosen() -> None:
    assert "Asking all sources" in chosen_html(Named("a"), EVERYTHING)
    some = chosen_html(Named("a"), Selection((("", "a"),)))
    assert "Asking only 1 source" in some and "Ask all sources again" in some
