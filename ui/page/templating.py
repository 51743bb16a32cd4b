"""Renders the page's HTML from the Jinja2 templates in `templates/`; every value is escaped.

Line breaks in a template are only layout. One next to a tag or to a Jinja2
statement or expression is dropped with the spaces around it; any other becomes
one space. This keeps stray white space away from quotes.
"""

import re
from collections.abc import Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from assistant.render import ALSO, notes_below, verdict, within_words
from ui.page.places import web_address, web_host
from ui.page.prose import addresses_apart, prose_pieces
from ui.page.words import count, heading_words, place_words, thousands

_LAYOUT = re.compile(r"\A\s*\n\s*|\s*\n\s*\Z|(?<=>)\s*\n\s*|\s*\n\s*(?=<)")
_LINE_BREAK = re.compile(r"\s*\n\s*")


class _LineBreaks(Extension):
    """Removes line breaks from the text of templates; values keep theirs."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type == "data":
                yield Token(token.lineno, token.type, _LINE_BREAK.sub(" ", _LAYOUT.sub("", token.value)))
            else:
                yield token


_ENVIRONMENT = Environment(
    loader=PackageLoader("ui.page", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    extensions=[_LineBreaks],
)
_ENVIRONMENT.globals.update(
    addresses_apart=addresses_apart,
    also_label=ALSO,
    count=count,
    heading_words=heading_words,
    notes_below=notes_below,
    place_words=place_words,
    verdict=verdict,
    prose_pieces=prose_pieces,
    thousands=thousands,
    web_address=web_address,
    web_host=web_host,
    within_words=within_words,
)


def render(template: str, **values: object) -> str:
    """Return the HTML of a template; lone surrogates, which cannot be sent, are written as escapes.

    Raises:
        jinja2.TemplateNotFound: there is no such template.
        jinja2.UndefinedError: a value that the template uses is missing.
    """
    html = _ENVIRONMENT.get_template(template).render(values)
    return html.encode("utf-8", "backslashreplace").decode("utf-8")
