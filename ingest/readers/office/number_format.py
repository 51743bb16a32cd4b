"""Shows the numbers and dates of spreadsheets in their number formats, as a person sees them in the sheet.

Source: ECMA-376 part 1, 18.8.31 (number formats). Names of months and days are English, and separators are those
of English, whatever the language of the program that shows the sheet.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

Moment = datetime | date | time | timedelta

_TOKEN = re.compile(
    r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|General|AM/PM|A/P|[yY]+|[mM]+|[dD]+|[hH]+|[sS]+(?:\.0+)?|E[+-]0+|[0#?]+|.',
    re.DOTALL,
)
_SECTION = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;])*')
_COLOUR = re.compile(r"\[(?:black|blue|cyan|green|magenta|red|white|yellow|colou?r ?\d+)\]", re.IGNORECASE)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?[\d.]+)\]")
_DATE = re.compile(r"[yYdDhHsS]|[mM]+")
_EXPONENT = re.compile(r"E[+-]0+")
_FIXED = re.compile(r"\s*[1-9][0-9]{0,8}\s*")  # what stands below every fraction of a format
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
# Excel shows these in the form of the reader's country, so their code says nothing.
_OF_COUNTRY = ("mm-dd-yy", "m/d/yy h:mm")
_LONGEST = 200  # characters of a format
_PLACES = 30  # digits after the point
_EXACT = 15  # significant digits of a stored number


def number_shown(value: float, code: str) -> str:
    """Return a number in a number format."""
    if len(code) > _LONGEST or not (abs(value) < 1e300):
        return general(value)
    section, amount = _section(code, value)
    if not section or section == "@" or "general" in section.lower():
        return general(value) if section in ("", "@", "General") else _literals(section, general(amount))
    return _number(amount, section)


def date_shown(moment: Moment, code: str) -> str:
    """Return a date or time in a number format; in ISO 8601 if the format leaves the order to the reader's country."""
    if isinstance(moment, timedelta) or _ELAPSED.search(code):
        return _elapsed(moment, code)
    if code == _OF_COUNTRY[0] and isinstance(moment, datetime):
        return moment.date().isoformat()
    if len(code) > _LONGEST or code.lower().startswith(_OF_COUNTRY) or not is_date(code):
        return _iso(moment)
    tokens = [token for token in _tokens(_SECTION.match(code.replace(";@", ""))[0])]  # type: ignore[index]
    return "".join(_date_parts(moment, tokens)).strip()


@lru_cache(maxsize=1000)
def is_date(code: str) -> bool:
    """Return whether a number format is one of dates or times."""
    tokens = _tokens(code.split(";")[0]) if len(code) <= _LONGEST else ()
    return any(_DATE.fullmatch(token[0]) and token != "General" for token in tokens) or bool(_ELAPSED.search(code))


def general(value: float) -> str:
    """Return a number as a sheet shows it without a format."""
    if float(value).is_integer() and abs(value) < 10**_EXACT:
        return str(int(value))
    short = f"{value:.{11 if abs(value) < 1e10 else _EXACT}g}"
    return short if "e" not in short else _scientific(short)


def _scientific(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}E{int(exponent):+03d}"


@lru_cache(maxsize=1000)
def _tokens(section: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(section))


def _section(code: str, value: float) -> tuple[str, float]:
    """Return the section of a format for a value, and the value that it shows, without a sign that it writes itself."""
    sections = _split(code)
    for section in sections:
        condition = _CONDITION.search(section)
        if condition and _holds(value, condition[1], float(condition[2])):
            return section, value
    if _CONDITION.search(code):
        return sections[-1], value
    if value < 0 and len(sections) > 1:
        return sections[1], value if _differ_in_colour(sections[0], sections[1]) else -value
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


def _differ_in_colour(positive: str, negative: str) -> bool:
    """Return whether only a colour, which a text has not, tells negative numbers from others."""
    return _COLOUR.search(negative) is not None and _COLOUR.sub("", negative) == _COLOUR.sub("", positive)


@lru_cache(maxsize=1000)
def _split(code: str) -> tuple[str, ...]:
    sections, at = [], 0
    while at <= len(code):
        section = _SECTION.match(code, at)
        assert section is not None  # it matches the empty text
        sections.append(section[0])
        at = section.end() + 1
    return tuple(sections)


def _holds(value: float, operator: str, limit: float) -> bool:
    return {
        "<": value < limit,
        ">": value > limit,
        "=": value == limit,
        "<=": value <= limit,
        ">=": value >= limit,
        "<>": value != limit,
    }[operator]


def _literal(token: str) -> str | None:
    """Return what a token stands for if it is a literal; None if it is a place for digits."""
    if token[0] == '"':
        return token[1:-1] if len(token) > 1 else ""
    if token[0] == "\\":
        return token[1:]
    if token[0] == "_":
        return " "
    if token[0] == "*":
        return ""
    if token[0] == "[":  # a currency, as in [$€-407], or a colour or condition
        return token[2:-1].partition("-")[0] if token.startswith("[$") else ""
    return None


def _literals(section: str, number: str) -> str:
    parts = (number if token == "General" else _literal(token) for token in _tokens(section))
    return "".join(part or "" for part in parts).strip()


def _number(value: float, section: str) -> str:
    tokens = _tokens(section)
    digits = [number for number, token in enumerate(tokens) if token[0] in "0#?"]
    if not digits:
        parts = (_literal(token) if _literal(token) is not None else token for token in tokens)
        return "".join(part for part in parts if part is not None).strip()
    first, last = digits[0], digits[-1]
    while "/" in tokens and last + 1 < len(tokens) and (tokens[last + 1] == "/" or tokens[last + 1].isdecimal()):
        last += 1
    first -= first > 0 and tokens[first - 1] == "."
    core = tokens[first : last + 1]
    before, after = _around(tokens[:first]), _around(tokens[last + 1 :])
    amount = Decimal(repr(value)) * 100 ** tokens.count("%")
    for token in tokens[last + 1 :]:
        if token != ",":
            break
        amount /= 1000
    sign = "-" if amount < 0 else ""
    written = _written(abs(amount), core, tokens[last + 1 :])
    if sign and not any(digit in written for digit in "123456789"):
        sign = ""
    return f"{sign}{before}{written}{after}".strip()


def _around(tokens: Sequence[str]) -> str:
    """Return the literals before or after the digits."""
    literals = ((token, _literal(token)) for token in tokens)
    return "".join(
        literal if literal is not None else token
        for token, literal in literals
        if literal is not None or not (token == "," or _EXPONENT.fullmatch(token))
    )


def _written(amount: Decimal, core: Sequence[str], after: Sequence[str]) -> str:
    """Return an amount in the digits of a format."""
    if "/" in core:
        return _fraction(amount, core)
    exponent = next(filter(_EXPONENT.fullmatch, (*core, *after)), None)
    whole, point, decimals = _parts(core)
    places = min(_PLACES, sum(len(token) for token in decimals if token[0] in "0#?"))
    if exponent is not None:
        return _scientific(f"{amount:.{places}e}")
    least = sum(token.count("0") + token.count("?") for token in decimals)
    rounded = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) if amount < 10**25 else amount
    integer, _, fractional = f"{rounded:f}".partition(".")
    fractional = fractional[:least] + fractional[least:].rstrip("0")
    integer = _integer(integer, whole)
    return f"{integer}.{fractional}" if fractional or (point and least == 0 and places == 0) else integer


def _parts(core: Sequence[str]) -> tuple[Sequence[str], bool, Sequence[str]]:
    point = core.index(".") if "." in core else len(core)
    return core[:point], point < len(core), core[point + 1 :]


def _integer(digits: str, whole: Sequence[str]) -> str:
    """Write whole digits into their places, with separators of thousands and literals between them."""
    least = sum(token.count("0") for token in whole)
    digits = digits.lstrip("0").rjust(least, "0")
    if "," in whole:
        return f"{int(digits):,}".rjust(least, "0") if digits else ""
    written, rest = "", digits
    for token in reversed(whole):
        if token[0] in "0#?":
            written, rest = rest[max(0, len(rest) - len(token)) :] + written, rest[: max(0, len(rest) - len(token))]
        else:
            literal = _literal(token)
            written = (token if literal is None else literal) + written
    return rest + written


def _fraction(amount: Decimal, core: Sequence[str]) -> str:
    """Return an amount as a fraction: `2 1/2`."""
    under = core[core.index("/") + 1 :]
    fixed = _FIXED.fullmatch("".join(under))
    exact = Fraction(amount)
    if fixed:
        below = int(fixed[0])
        above = round(exact * below)
    else:
        digits = sum(len(token) for token in under if token[0] in "0#?")
        limited = exact.limit_denominator(10 ** min(max(digits, 1), 4) - 1)
        above, below = limited.numerator, limited.denominator
    whole, rest = divmod(above, below)
    if not rest:
        return str(whole)
    return f"{whole} {rest}/{below}" if whole else f"{rest}/{below}"


def _iso(moment: Moment) -> str:
    if isinstance(moment, datetime):
        if moment.time() == time():
            return moment.date().isoformat()
        return moment.isoformat(" ", "minutes" if not moment.second else "seconds")
    if isinstance(moment, time):
        return moment.isoformat("minutes" if not moment.second else "seconds")
    return str(moment)


def _elapsed(moment: Moment, code: str) -> str:
    """Return a length of time in hours, minutes and, if the format has them, seconds."""
    if isinstance(moment, timedelta):
        seconds = round(moment.total_seconds())
    elif isinstance(moment, time):
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    else:
        return _iso(moment)
    minutes, second = divmod(abs(seconds), 60)
    sign = "-" if seconds < 0 else ""
    unit = _ELAPSED.search(code)
    if unit and unit[1].lower().startswith("m"):
        return f"{sign}{minutes}:{second:02}"
    hour, minute = divmod(minutes, 60)
    return f"{sign}{hour}:{minute:02}" + (f":{second:02}" if "s" in code.lower() or second else "")


def _date_parts(moment: Moment, tokens: Sequence[str]) -> list[str]:
    """Return the parts of a date in the order of a format."""
    at = datetime.combine(date(1900, 1, 1), moment) if isinstance(moment, time) else moment
    assert not isinstance(at, timedelta)
    clock = at if isinstance(at, datetime) else datetime.combine(at, time())
    half = any(token in ("AM/PM", "A/P") for token in tokens)
    parts = []
    for number, token in enumerate(tokens):
        kind = token[0].lower()
        if kind == "m" and _is_minutes(tokens, number):
            parts.append(f"{clock.minute:0{min(len(token), 2)}}")
        elif token in ("AM/PM", "A/P"):
            parts.append(clock.strftime("%p") if token == "AM/PM" else clock.strftime("%p")[0])
        elif kind in "ymdhs" and token.lower().strip("ymdhs.0") == "":
            parts.append(_date_part(clock, token, half=half))
        else:
            literal = _literal(token)
            parts.append(token if literal is None else literal)
    return parts


def _is_minutes(tokens: Sequence[str], number: int) -> bool:
    """Return whether an `m` means minutes: after hours or before seconds."""
    others = "ymdhs"
    before = next((token[0].lower() for token in reversed(tokens[:number]) if token[0].lower() in others), "")
    after = next((token[0].lower() for token in tokens[number + 1 :] if token[0].lower() in others), "")
    return len(tokens[number]) <= 2 and (before == "h" or after == "s")


def _date_part(clock: datetime, token: str, *, half: bool) -> str:
    kind, width = token[0].lower(), len(token)
    if kind == "y":
        return f"{clock.year:04}" if width > 2 else f"{clock.year % 100:02}"
    if kind == "m":
        return {1: str(clock.month), 2: f"{clock.month:02}", 3: clock.strftime("%b"), 5: clock.strftime("%b")[0]}.get(
            width, clock.strftime("%B")
        )
    if kind == "d":
        return {1: str(clock.day), 2: f"{clock.day:02}", 3: clock.strftime("%a")}.get(width, clock.strftime("%A"))
    if kind == "h":
        hour = (clock.hour % 12 or 12) if half else clock.hour
        return f"{hour:0{min(width, 2)}}"
    whole, _, fraction = token.partition(".")
    seconds = f"{clock.second:0{min(len(whole), 2)}}"
    return f"{seconds}.{clock.microsecond:06}"[: len(seconds) + 1 + len(fraction)] if fraction else seconds
