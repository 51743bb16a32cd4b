"""The sources of a conversation as HTML: cards of quotes, the nearest passages of an abstention."""

from urllib.parse import quote as percent
from urllib.parse import urlsplit, urlunsplit

from assistant.render import FILE_NOTES
from assistant.schema import Quote, Turn, Turns
from ingest.origin import FileState
from ingest.schema import HEADING_SEPARATOR
from ui.markup import opener_html, place_words, prose_html, safe


def sources_html(turns: Turns) -> str:
    """Return the sources of every turn, those of the latest shown, or how to read them where there is none."""
    if not turns:
        return _legend_html()
    return "".join(_sources_html(turn, shown=turn is turns[-1]) for turn in turns)


def web_address(url: str | None, text: str = "") -> str | None:
    """Return an http or https address that leads to `text` on its page; None for anything else.

    Source: https://wicg.github.io/scroll-to-text-fragment/
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    words = text.split()
    ends = [words] if len(words) <= 10 else [words[:5], words[-5:]]
    fragment = ",".join(percent(" ".join(end), safe="").replace("-", "%2D") for end in ends if end)
    directive = f":~:text={fragment}" if fragment else ""
    return urlunsplit(parts._replace(fragment=parts.fragment + directive))


def _legend_html() -> str:
    return (
        '<section class="legend"><h2>Sources</h2><p>What an answer quotes stands here, like this:</p>'
        '<div class="card specimen"><header><span class="number">1</span><p class="name">Title of the text</p></header>'
        '<span class="heading">Heading › above the quote</span><span class="where">folder/file.md · line 12</span>'
        '<p class="passage">Its whole paragraph, so that you see what comes before. <mark>The quote is marked where it '
        "stands.</mark> And what comes after it.</p></div><dl>"
        "<dt>Exact</dt><dd>Every answer is cut out of the texts, character for character. "
        "Nothing is reworded, nothing is made up.</dd>"
        "<dt>In its place</dt><dd>Each quote names its file, heading and page or line, and opens there.</dd>"
        "<dt>Or not at all</dt><dd>What the texts do not answer is said so, with the nearest passages.</dd>"
        "</dl></section>"
    )


def _sources_html(turn: Turn, *, shown: bool) -> str:
    nearest = turn.answer.abstention.nearest if turn.answer and turn.answer.abstention else ()
    quotes = turn.answer.quotes if turn.answer else ()
    cards = "".join(_card_html(turn.number, number, quote) for number, quote in enumerate(quotes, 1))
    folded = "".join(_nearest_html(quote) for quote in nearest)
    empty = "" if cards or folded else '<p class="empty">No passages to show for this question.</p>'
    title = "Nearest passages" if nearest else "Sources"
    hidden = "" if shown else " hidden"
    return (
        f'<section class="sources" id="sources-{turn.number}" data-turn="{turn.number}" tabindex="-1"{hidden}>'
        f'<header><h2>{title}</h2><p class="for" dir="auto">{safe(turn.question)}</p></header>'
        f"{cards}{folded}{empty}</section>"
    )


def _card_html(turn: int, number: int, quote: Quote) -> str:
    passage = quote.evidence.passage
    text = prose_html(passage.text, (quote.evidence.start - passage.start, quote.evidence.end - passage.start))
    back = f'<a class="back cited" href="#quote-{turn}-{number}">Back to the answer</a>'
    return (
        f'<article class="card" id="card-{turn}-{number}" tabindex="-1" aria-labelledby="title-{turn}-{number}">'
        f'<header><span class="number" aria-hidden="true">{number}</span>'
        f'<h3 id="title-{turn}-{number}"><span class="unseen">{number}: </span>'
        f"<bdi>{safe(quote.title)}</bdi></h3></header>{_origin_html(quote)}"
        f'<blockquote class="passage" dir="auto">{text}</blockquote>{_actions_html(quote, back)}</article>'
    )


def _nearest_html(quote: Quote) -> str:
    return (
        '<details class="card nearest"><summary><span class="tag">nearest passage, not an answer</span>'
        f'<span class="title"><bdi>{safe(quote.title)}</bdi></span>{_origin_html(quote)}</summary>'
        f'<blockquote class="passage" dir="auto">{prose_html(quote.evidence.passage.text)}</blockquote>'
        f"{_actions_html(quote)}</details>"
    )


def _origin_html(quote: Quote) -> str:
    """Return heading, file, page and line, in phrasing elements only: it also stands in a summary."""
    path = quote.evidence.passage.heading
    above = HEADING_SEPARATOR.join(path[1:] if path[:1] == (quote.title,) else path)
    heading = f'<span class="heading" dir="auto">{safe(above)}</span>' if above else ""
    note = FILE_NOTES.get(quote.file)
    state = f'<span class="state">{note[:1].upper()}{note[1:]}.</span>' if note else ""
    file = f'<bdi class="file" title="{safe(quote.evidence.passage.root)}">{safe(quote.source)}</bdi>'
    place = " · ".join(filter(None, (file, place_words(quote.page, quote.line))))
    return f'{heading}<span class="where">{place}</span>{state}'


def _actions_html(quote: Quote, back: str = "") -> str:
    evidence = quote.evidence
    address = web_address(quote.url, quote.text)
    link = _link_html(address) if address else f'<bdi class="address">{safe(quote.url)}</bdi>' if quote.url else ""
    span = (evidence.start, evidence.end)
    opener = opener_html(evidence.passage.root, quote.source, span, quote.text, title=quote.title)
    return f"<footer>{opener}{_check_html(quote)}{link}{back}</footer>"


def _check_html(quote: Quote) -> str:
    """Return, of a file that is no longer what was ingested, the way to ingest it again."""
    return "" if quote.file is FileState.SAME else '<button type="button" class="check">Check for changes</button>'


def _link_html(address: str) -> str:
    site = safe(urlsplit(address).netloc)
    return (
        f'<a class="address" href="{safe(address)}" target="_blank" rel="noopener noreferrer">'
        f'<bdi>{site}</bdi><span class="unseen"> (opens in a new tab)</span></a>'
    )
