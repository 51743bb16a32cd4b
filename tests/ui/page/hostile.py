"""Text that would like to be markup, and HTML as a browser reads it."""

from html.parser import HTMLParser

HOSTILE = "<script>alert(1)</script> \"x\" onload='y' & &lt; {{ 7 * 7 }} {% if %} </mark></blockquote> \ud800"
SHOWN = HOSTILE.replace("\ud800", "\\ud800")
"""What a person reads of it: half a surrogate pair cannot be sent."""
HARMLESS = "harmless"


class Read(HTMLParser):
    """Some HTML as a browser reads it: its tags with the names of their attributes, and the texts between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
