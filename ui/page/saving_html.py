"""The form under an answer that saves it as a test prompt."""

from assistant.schema import Answer, Quote
from ui.page.markup import safe


def save_form_html(answer: Answer) -> str:
    """Return the form that saves a turn: its quotes, or the passages nearest to it, to tick, or "should abstain"."""
    abstention = answer.abstention
    offered = abstention.nearest if abstention else answer.quotes
    kind = "passage" if abstention else "quote"
    boxes = "".join(_box_html(place, kind, quote) for place, quote in enumerate(offered, 1))
    legend = "Which passage answers it?" if abstention else "Which quote answers it?"
    checked = " checked" if abstention else ""
    return (
        f'<details class="saving"><summary>Save as test prompt</summary>'
        f'<form data-question="{safe(answer.question)}"><fieldset><legend>{legend}</legend>{boxes}'
        f'<label><input type="checkbox" data-kind="abstain"{checked}><span>None: it should abstain</span></label>'
        '</fieldset><button type="submit">Save</button><p role="status"></p></form></details>'
    )


def _box_html(place: int, kind: str, quote: Quote) -> str:
    text = quote.evidence.passage.text if kind == "passage" else quote.text
    return (
        f'<label><input type="checkbox" data-kind="{kind}" data-source="{safe(quote.source)}" value="{safe(text)}">'
        f'<span dir="auto"><b>[{place}]</b> {safe(text)}</span></label>'
    )
