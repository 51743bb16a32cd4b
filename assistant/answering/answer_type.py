"""What a question asks for (a number, a time, a name, a cause, steps), and what a sentence offers."""

import re
from enum import StrEnum

from ingest.text.terms import analyse, content_terms


class Kind(StrEnum):
    """A kind of thing that a question can ask for."""

    NUMBER = "number"
    FREQUENCY = "frequency"
    DURATION = "duration"
    DISTANCE = "distance"
    WEIGHT = "weight"
    AGE = "age"
    TEMPERATURE = "temperature"
    MONEY = "money"
    YEAR = "year"
    TIME = "time"
    NAME = "name"
    CAUSE = "cause"


_TO_TEN = "one|two|three|four|five|six|seven|eight|nine|ten"
_NUMBER = (
    r"\d[\d.,]*|\b(?:" + _TO_TEN + r"|eleven|twelve|\w+teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?|dozens?|hundreds?|thousands?|millions?|billions?"
    r"|half|halves?|twice|once|per ?cent|quarters?|thirds?|(?:four|fif|six|seven|eigh|nin|ten)ths?|\w+fold)\b"
)
_SPAN = (
    r"\b(?:\w*secs?|\w*seconds?|min(?:ute)?s?|hours?|days?|nights?|weeks?|weekends?|fortnights?|months?|years?|decades?"
    r"|centur(?:y|ies)|lifetime|seasons?)\b"
)
_LENGTH = (
    r"°|\b\d+[ -]?(?:mm|cm|m|km|ft|in)\b|\b(?:(?:centi|milli|kilo)?met(?:re|er)s?|inch(?:es)?|foot|feet|yards?"
    r"|miles?|fingers?|degrees?|acres?|hectares?|square|width|breadth)\b"
)
_MONTH_OR_SEASON = (
    "january|february|march|april|(?:in|early|late|since|until|of|by) may|june|july|august|september|october|november"
    "|december|christmas|easter|spring|summer|autumn|winter"
)
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_WHAT_IS_THE = r"what(?:['’]s| is| are| was| were) the (?:[\w-]+ ){0,3}?"
_ASKS = {
    Kind.FREQUENCY: r"\bhow (?:often|frequently|regularly)\b|\bhow many times (?:an?|per|each|every)\b",
    Kind.DURATION: r"\bhow (?:long|soon|quickly|fast)\b",
    Kind.DISTANCE: r"\bhow (?:far|tall|big|large|high|deep|wide|thick)\b",
    Kind.WEIGHT: r"\bhow heavy\b|\bhow much\b.*\bweigh|\b(?:what|which) weight\b",
    Kind.AGE: r"\bhow (?:old|young)\b|\b(?:what|which) age\b",
    Kind.TEMPERATURE: r"\bhow (?:hot|warm|cold)\b|\b(?:what|which) temperature\b",
    Kind.MONEY: r"\bhow expensive\b|\bhow much\b.*\b(?:costs?|pay(?! attention)|paid|charged?|price|fees?|money)\b"
    r"|\bwhat\b.*\b(?:costs?|price|fees?)\b",
    Kind.NUMBER: r"\bhow (?:many|much)\b|\b(?:what|which) (?:percent|percentage|number|amount|share|dose|dosage)\b"
    rf"|\b{_WHAT_IS_THE}(?:rates?|percentage|proportion|share|number|odds"
    r"|probability|prevalence|incidence|ratio|dose|dosage)\b",
    Kind.YEAR: r"\b(?:what|which) year\b",
    # "When my back hurts, what helps?" does not ask for a time.
    Kind.TIME: r"(?:^|[:.?!] )(?:and |but |so )?(?:when|what time) (?:am|is|are|was|were|do|does|did|has|have|had|can"
    r"|could|will|would|shall|should|may|might|must|to)\b|\b(?:since|until|till|by|from) when\b"
    r"|\b(?:what|which) (?:date|month|century|decade|day)\b",
    # "someone who" does not ask for a name; "who can" asks for a kind of people.
    Kind.NAME: r"(?:^|[,.;:!?] ?|\b(?:and|or|but|by|of|with|to|for|from|know|tell me) )"
    r"(?:whom|whose|who(?! (?:can|could|should|shall|may|might|must|needs?|gets?|has to|have to|qualif|benefit)))\b"
    r"|\b(?:what|which) (?:city|town|country|state|person|brand|make|company|firm|university|hospital|journal|author)\b"
    r"|\bname of\b",
    Kind.CAUSE: r"\bwhy\b|\bwhat (?:causes?|caused)\b|\breasons?\b",
}
_OFFERS = {
    Kind.FREQUENCY: r"\b(?:daily|weekly|fortnightly|monthly|quarterly|yearly|hourly|nightly|annual\w*|every|each|once"
    r"|twice|times|always|never|rarely|seldom|constantly|per|apart|repetitions?|repeat\w*"
    r"|(?:an?|in|after) (?:about |every )?(?:day|week|month|year|hour|night|session|season|hundred|thousand|million)"
    r"|(?:in|after) (?:about |every )?(?:\d+|" + _TO_TEN + ")"
    r"|(?:mornings?|evenings?|nights?) and (?:mornings?|evenings?|nights?)|" + _WEEKDAY + r")\b",
    Kind.DURATION: _SPAN + "|" + _LENGTH + r"|\b\d+[ -]?(?:s|h|hrs?)\b"
    r"|\b(?:until|till|as long as|for life|lifelong|permanent\w*|indefinite\w*|overnight|forever|for good|never"
    r"|immediate\w*|at once|straight ?away|today|same \w+|breaths?|per|mph"
    r"|(?:" + _TO_TEN + r"|\d+) (?:sessions?|lessons?|visits?)|" + _WEEKDAY + "|" + _MONTH_OR_SEASON + r")\b",
    Kind.DISTANCE: _NUMBER + "|" + _LENGTH + r"|\b(?:until|till|parallel|level|as far as|half-?way|all the way|up to"
    r"|down to|touch\w*|size|than)\b",
    Kind.WEIGHT: r"\b(?:\d+[ -]?(?:kg|g|mg|lbs?|oz|t)|kilos?|(?:kilo)?grams?|pounds?|stones?|ounces?|tons?|tonnes?"
    r"|weigh\w*|body ?weight|light\w*|heav\w*|loads?)\b",
    Kind.AGE: _NUMBER + r"|\b(?:age[ds]?|years?|months?|old\w*|young\w*|born|\w+ties|adults?|child\w*|generation)\b",
    Kind.TEMPERATURE: r"°|\b\d+ ?[CF]\b|\b(?:degrees?|warm\w*|hot\w*|cold\w*|cool\w*|boil\w*|temperature"
    r"|lukewarm|freez\w*)\b",
    Kind.MONEY: r"[£$€¥]|\b(?:pounds?|pence|euros?|cents?|dollars?|francs?|shillings?|crowns?|eur|gbp|usd|chf"
    r"|free|nothing|costs?|fees?|price[ds]?|charge[ds]?|deposit|surcharge|for (?:\w+ )?(?:hundred|thousand|million))\b",
    Kind.NUMBER: _NUMBER + r"|\b(?:no|none|nothing|zero|nobody|single|couple|several|many|few|most|all|every|both"
    r"|majority|plenty|little|much|as long as)\b",
    Kind.YEAR: r"\b(?:1\d|20)\d\d\b|\b\d+ (?:AD|BC)\b|\b(?:AD|BC) \d",
    Kind.TIME: _SPAN + r"|\b(?:1\d|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2} ?(?:[ap]\.?m\b|o'clock)"
    r"|\b(?:if|when|whenever|once|after|before|during|until|till|while|as soon as|as long as|between|from|at once"
    r"|immediate\w*|early|late|first thing|mornings?|noon|midday|midnight|afternoons?|evenings?|tonight|today|tomorrow"
    r"|bedtime|daytime|breakfast|lunch|dinner|supper|meals?|stages?|" + _WEEKDAY + "|" + _MONTH_OR_SEASON + r")\b",
    # A capital inside the sentence, or two capitalised words in a row.
    Kind.NAME: r"(?<=[\w,;:] )[A-Z]\w+|\b[A-Z]\w+ [A-Z]\w+|[“\"'‘(][A-Z]\w+",
    Kind.CAUSE: r"\b(?:because|since|as|so|due to|caus\w*|result\w*|reasons?|owing|thanks to|on account of|therefore"
    r"|why|leads? to|led to|makes?|made|lets?|means?|prevents?|otherwise|lest|else|by \w+ing"
    r"|to (?:avoid|prevent|exclude|protect|keep|stop|reduce))\b",
}
_ASKING = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _ASKS.items()}
_OFFERING = {
    kind: re.compile(pattern, re.NOFLAG if kind is Kind.NAME else re.IGNORECASE) for kind, pattern in _OFFERS.items()
}
# What plainly asks for a figure, and what has one; both are narrower than the kinds above, for whole answers.
_SUM = r"(?:costs?|price|fees?|stipend|salary|wages?|pay|rent|surcharge|deposit|dues|fines?|tuition)"
_OPENS = r"(?:^|[.:;?!,]\s+|\b(?:and|but|so)\s+)\W{0,3}"
_AFTER = r"(?=\s*(?:$|[?.!,;:]|(?:of|to|per|in|at|on|by|with|during|after|when|if|a|an|the|for(?!\W*$))\b))"
_ASKS_SUM = re.compile(
    rf"{_OPENS}how\s+(?:expensive|much\s+(?:(?:money|extra|more|less)\s+)?(?:do|does|did|is|are|was|were|will|would|must"
    rf"|should|can|could|have|has|to)\b[^.?!]*\b(?:costs?|pay(?! attention)|paid|charged?|price|fees?))\b"
    rf"|{_OPENS}{_WHAT_IS_THE}{_SUM}{_AFTER}"
    rf"|{_OPENS}what (?:do|does|did|will|would)\b[^.?!]*\bcost{_AFTER}"
    rf"|^\W*(?:the )?(?:hourly|daily|weekly|monthly|yearly|annual) {_SUM}{_AFTER}",
    re.IGNORECASE,
)
_ASKS_COUNT = re.compile(
    rf"{_OPENS}(?:how many|(?:what|which) (?:percent|percentage|number))\b"
    rf"|{_OPENS}{_WHAT_IS_THE}(?:percentage|number)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    _NUMBER + r"|%|\b(?:no|none|nothing|zero|nobody|single|couple|unlimited|unknown|not|never|any|every|each|all|both"
    r"|majority|most|only|several|various|varies|vary|depends?|free|included|as many|as much)\b",
    re.IGNORECASE,
)
_NO_SUM = re.compile(r"\bno (?:fines?|dues|tuition)\b", re.IGNORECASE)
_ASKS_WEIGHT = re.compile(rf"{_OPENS}how (?:heavy|much (?:do|does|did)\b[^.?!]*\bweigh)\b", re.IGNORECASE)
_ASKS_MEASURE = re.compile(rf"{_OPENS}how (?:long|soon|far|tall|deep|wide|thick|old|hot|warm|cold)\b", re.IGNORECASE)
_WITHOUT_FIGURE = re.compile(
    r"\b(?:once|when|while|as (?:soon|long) as|(?:right|straight) ?away|immediately|since|until|before|after)\b",
    re.IGNORECASE,
)
_TELLS_OF_SUM = re.compile(rf"\b{_SUM}\b", re.IGNORECASE)
_PIECE_END, _DIGIT = re.compile(r"[.\n]"), re.compile(r"\d")
_HOW_MANY = re.compile(r"\bhow many ((?:[\w'’-]+\W+){1,4})", re.IGNORECASE)
_MEASURES = frozenset({Kind.DURATION, Kind.DISTANCE, Kind.AGE, Kind.TEMPERATURE})
_EXACT = frozenset({Kind.FREQUENCY, Kind.WEIGHT, Kind.MONEY})  # also match "how much" or "how many"

_STEPS = re.compile(
    r"\bhow (?:do|can|could|should|would|must) (?:i|you|we|one|people|someone|somebody|patients?)\b|\bhow to\b"
    r"|\bstep[- ]by[- ]step\b|\b(?:which|what)(?: are| is)?(?: the| all)*(?: \w+)? steps?\b|\b(?:all|the) steps\b"
    r"|\b(?:walk|talk|guide|take) me through\b|\bshow me how\b|\binstructions?\b|\bprocedure\b|\brecipe\b",
    re.IGNORECASE,
)
_ANNOUNCING = re.compile(
    r"(?:in )?(?:this|the (?:following|present)) (?:short |free |quick )?(?:articles?|pages?|guide|leaflet|booklet"
    r"|brochure|recipes?|sections?|chapters?|documents?|tutorials?|posts?|handouts?|(?:fact ?)?sheets?|videos?|texts?"
    r"|manual|notes?)\b.*?\b(?:explains?|describes?|covers?|tells?|shows?|lists?|provides?|discuss(?:es)?|answers?"
    r"|outlines?|summari[sz]es?|looks? at|(?:is|are) (?:about|for)|aims?|you(?:['’]ll| will| can)|we(?:['’]ll| will)?"
    r"|(?:gives?|contains?|offers?) (?:\w+ )?(?:instructions?|information|advice|tips|details|answers|an? ))"
    r"\b(?! that\b)",
    re.IGNORECASE,
)
_INDIRECT = re.compile(
    r"(?:what|how|why|which|who|where|whether)\b|learn (?:how|about|more)\b"
    r"|(?:an? |the )?(?:short |brief |complete )?(?:guide|introduction|overview) (?:to|of)\b",
    re.IGNORECASE,
)

_FIELD = re.compile(r"(?P<name>[a-z][\w-]*)[ \t]*[:=](?!//)")  # "keywords: hip, back" in front matter
_ASIDE = re.compile(r"(?:(?:!\[[^\]\n]*\]\([^)\n]*\)|<!--(?:(?!-->).)*-->)\s*)+", re.DOTALL)  # pictures and comments


def asks_for_steps(question: str) -> bool:
    """Return whether a question asks how something is done."""
    return _STEPS.search(question) is not None


def announces(sentence: str, *, opening: bool) -> bool:
    """Return whether a sentence only says what a text is about; in an `opening` this may be an indirect question."""
    bare = sentence.rstrip()
    return bool(_ANNOUNCING.match(bare) or (opening and _INDIRECT.match(bare) and not bare.endswith("?")))


def describes(sentence: str, question: str, *, opening: bool) -> bool:
    """Return whether a sentence is a picture, a comment or, in an `opening`, front matter not asked for by its name.

    Such fields describe a text ("keywords: hip, back") rather than say anything.
    """
    field = _FIELD.match(sentence) if opening else None
    if field is None:
        return _ASIDE.fullmatch(sentence) is not None
    return not {term.stem for term in analyse(field["name"].replace("_", " "))} & {t.stem for t in analyse(question)}


def asked(question: str) -> frozenset[Kind]:
    """Return the kinds of thing that a question asks for; usually none."""
    kinds = frozenset(kind for kind, pattern in _ASKING.items() if pattern.search(question))
    return kinds - {Kind.NUMBER} if kinds & _EXACT else kinds


def offered(sentence: str, kinds: frozenset[Kind]) -> frozenset[Kind]:
    """Return which of `kinds` a sentence offers."""
    return frozenset(kind for kind in kinds if _OFFERING[kind].search(sentence))


def offers(sentence: str, kinds: frozenset[Kind], things: frozenset[str]) -> bool:
    """Return whether a sentence offers one of `kinds` and, if `things` is not empty, counts one of them."""
    return bool(offered(sentence, kinds)) and (not things or counts(sentence, things))


def lacks_figure(question: str, answer: str) -> bool:
    """Return whether a question plainly asks for a number, a measure or an amount of money, and the answer has none.

    Source: trial "quotes-without-a-figure".
    """
    if _ASKS_WEIGHT.search(question):
        return not _OFFERING[Kind.WEIGHT].search(answer)
    if _ASKS_MEASURE.search(question):
        return not (_FIGURE.search(answer) or _WITHOUT_FIGURE.search(answer) or offered(answer, _MEASURES))
    if _ASKS_SUM.search(question):
        told = _FIGURE.search(answer) and (_OFFERING[Kind.MONEY].search(answer) or _NO_SUM.search(answer))
        pieces = _PIECE_END.split(answer)  # one pattern for both would take quadratic time
        return not (told or any(_DIGIT.search(piece) and _TELLS_OF_SUM.search(piece) for piece in pieces))
    return bool(_ASKS_COUNT.search(question)) and not _FIGURE.search(answer)


def counted(question: str) -> frozenset[str]:
    """Return the stems of what a question counts, at most two: brown and bear in "how many brown bears"."""
    found = _HOW_MANY.search(question)
    if not found or Kind.NUMBER not in asked(question):
        return frozenset()
    return frozenset(term.stem for term in content_terms(found[1])[:2])


def counts(sentence: str, things: frozenset[str]) -> bool:
    """Return whether a number other than a year comes right before one of `things`, as in "five big bears"."""
    for found in _OFFERING[Kind.NUMBER].finditer(sentence):
        after = {term.stem for term in analyse(sentence[found.end() :][:80])[:3]}
        if found[0].lower() in ("once", "twice"):
            after.add("time")
        if after & things and not _OFFERING[Kind.YEAR].fullmatch(found[0]):
            return True
    return False
