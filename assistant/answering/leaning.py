"""The forms in which a sentence leans on another one, limits it, denies or warns, in the languages with word rules."""

import re

# Openings of sentences that refer to the sentence before.
_LEANING = re.compile(
    r"[\"'“‘(*_]*(?:it|its|this|that|these|those|they|their|them|he|she|his|her|such|but|however|also|nor|so|then|thus"
    r"|therefore|otherwise|instead|although that|in addition|as a result|for this reason|either way"
    r"|both|neither|repeat|the (?:former|latter|same)"
    r"|(?:in|at|for|with|without|after|before|during|because of|if|when|until|once|unless)"
    r" (?:this|that|these|those|such|they|so))(?:['’](?:s|re|ll|d|ve))?\b",
    re.IGNORECASE,
)
# "We do not recommend importing these for serious work", "Take them with food": so few words before hold no antecedent.
_POINTING = re.compile(
    r"[\"'“‘(*_]*+(?:(?:we|you|i|one|people|please|do|does|not|never|always|should|must|can|could|may|might|will|would"
    r"|need|have|also|only|just|simply|to|don['’]t|cannot|can['’]t|shouldn['’]t)\s+){0,5}"
    r"(?:(?!(?:if|when|that|which|who|what|how|why|where|there|and|or|because|although|though|while|since|as|unless"
    r"|whether|before|after|until|once|is|are|was|were|think|thinks|find|finds|means|says)\b)[\w'’-]+\s+){1,2}"
    r"(?:(?-i:[Ii]t|[Tt]hem)\b|(?:these|those|this)(?=\s*[.,;!?)]|\s*\Z"
    r"|\s+(?:for|in|on|at|to|with|without|if|when|as|until|before|after|from|by|and|or|every|once|twice|daily|again)\b))",
    re.IGNORECASE,
)
# Openings of sentences that limit or take back what the sentence before says.
_LIMITING = re.compile(
    r"[\"'“‘(*_]*(?:but|however|nevertheless|nonetheless|yet|still(?=,)|even so|that said|on the other hand|otherwise"
    r"|(?:with one |the )?exceptions?|except|unless|only|if not|in contrast|conversely|at least(?=,)|though"
    r"|although (?:this|that|it)|provided|do not|don['’]t|never|(?:and |or )?not|no(?=,)|nobody|none of|avoid|warning"
    r"|caution|(?:please )?note[:,]? (?:that )?(?:(?:it|this) )?(?:(?:is|does) )?not"
    r"|no evidence|there (?:is|was) (?:no|little))\b",
    re.IGNORECASE,
)
# Prohibitions anywhere in a sentence limit the sentence before as well.
_FORBIDDING = re.compile(
    r"\b(?:must|should|ought|shall)(?:\s+not|\s+never|n['’]t)\b|\bmay\s+not\s+(?:be\s+(?:used|taken|given)|use|take)\b"
    r"|(?:\bnot|\bnever|n['’]t)\s+(?:be\s+)?(?:suitable|safe|advis(?:ed|able)|recommended|allowed|permitted|meant"
    r"|intended|to\s+be)\b"
    r"|(?<!who\s)\b(?:cannot|can['’]t)\s+(?:be\s+(?:used|taken|given)|use|take|have)\b"
    r"|(?<!if\syou\s)\b(?:needs?|has|have)\s+to\s+avoid\b"
    r"|\b(?:must|should|ought\s+to|shall)\s+(?:\w+\s+)?(?:be\s+avoided|avoid|(?:be\s+\w+\s+)?only\b|only\s+be)"
    r"|\b(?:do\s+not|don['’]t)\s+(?:take|use|give|eat|drink|drive|apply)\b"
    r"|,\s+(?:do\s+not|don['’]t|never|avoid)\b|\b(?:unsuitable|unsafe|contraindicated|forbidden|off[- ]limits)\b",
    re.IGNORECASE,
)
NEGATION = re.compile(
    r"\b(?:no|not|never|none|neither|nor|without|cannot|hardly|rarely|un\w+able|inconclusive)\b|n['’]t\b", re.IGNORECASE
)
_DENIAL = re.compile(
    r"\b(?:only|false|wrong|untrue|incorrect|myth|disproved|refuted|withdrawn|banned|forbidden|contraindicated)\b",
    re.IGNORECASE,
)
# What stands above instructions and must not be left out.
WARNING = re.compile(
    r"[\W_]*(?:warning|caution|danger|never|do not|don['’]t|important|must not|stop\b.*\bif)\b", re.IGNORECASE
)
# The first line of a box in Markdown: "!!! warning", "::: danger", "> [!CAUTION]".
WARNING_BOX = re.compile(r"(?:!!!|\?\?\?\+?|:::|\[!)\s*(?:warning|danger|caution|attention|important)\b", re.IGNORECASE)

# The same in German, French, Spanish, Italian, Dutch and Portuguese; "IL-6" and "ER" are no such words.
_OPENING_ELSEWHERE = r"[¿¡\"'“‘«„(*_]*"


def _either_case(words: str) -> str:
    """Return a pattern for words that may begin with a capital, and no other letter of which is one."""
    return "|".join(f"[{word[0].upper()}{word[0]}]{word[1:]}" for word in words.split("|"))


_LEANING_ELSEWHERE = re.compile(
    _OPENING_ELSEWHERE
    + "(?:"
    + _either_case(
        "er|sie|es|dies(?:e[rsnm]?)?|jedoch|dennoch|trotzdem|deshalb|daher|außerdem|andernfalls|dabei"
        "|il|elle|ils|elles|ce|cela|ceci|cette|ces|c['’]est|cependant|toutefois|néanmoins|pourtant|quand même|donc"
        "|sinon|dans ce cas|esto|esta|este|estos|estas|eso|sin embargo|no obstante|además|por eso|en este caso"
        "|en ese caso|pero|questo|questa|questi|queste|ciò|tuttavia|però|inoltre|quindi|in questo caso|in tal caso"
        "|altrimenti|essi|esse"
        "|dit|dat|deze|daarom|echter|toch|hij|zij|het|isto|isso|estes|ele|ela|eles|elas|porém|contudo|no entanto"
        "|além disso|neste caso|nesse caso|portanto"
    )
    + r")\b(?!-)"
)
_LIMITING_ELSEWHERE = re.compile(
    _OPENING_ELSEWHERE
    + "(?:"
    + _either_case(
        r"jedoch|allerdings|aber|außer|nicht|kein\w*|vorsicht|achtung|warnung|warnhinweis"
        r"|mais|cependant|toutefois|sauf|ne|n['’]|jamais|aucun\w*|uniquement|seulement|pero|sin embargo|excepto|salvo"
        r"|nunca|precaución|advertencia|però|tuttavia|tranne|eccetto|attenzione|avvertenza|maar|behalve|tenzij|niet|nooit"
        r"|let op|waarschuwing|porém|contudo|exceto|não|apenas|atenção|cuidado"
    )
    + r")\b(?!-)"
)
_FORBIDDING_ELSEWHERE = re.compile(
    r"\b(?:darf|dürfen|sollten?|soll)\b[^.!?]*\b(?:nicht|kein\w*)\b|\bnicht (?:einnehmen|anwenden|verwenden|geeignet)\b"
    r"|\bne (?:doit|doivent|devez|peut|prenez|utilisez|donnez)\b|\bno (?:se )?(?:debe|deben|tome|use|utilice|dé)\b"
    r"|\bnon (?:si )?(?:deve|devono|prendere|usare|assumere|dare)\b|\b(?:mag|mogen|moet)\b[^.!?]*\b(?:niet|geen)\b"
    r"|\bnão (?:se )?(?:deve|devem|tome|use|utilize|dê)\b",
    re.IGNORECASE,
)
NEGATION_ELSEWHERE = re.compile(
    r"\b(?:nicht|kein\w*|ohne|nie|niemals|weder|niemand\w*|ne|pas|jamais|sans|aucun\w*|nunca|jamás|ning[uú]n\w*|nadie|sin"
    r"|non(?!-)|mai|senza|nessun\w*|niet|geen|nooit|zonder|não|sem|nenhum\w*|nu|fără|niciodată)\b|\bn['’]",
    re.IGNORECASE,
)


def leans(text: str) -> bool:
    """Return whether a sentence refers to the one before it."""
    return bool(_LEANING.match(text) or _POINTING.match(text) or _LEANING_ELSEWHERE.match(text))


def limits(text: str) -> bool:
    """Return whether a sentence limits the one before it, takes it back or forbids something."""
    if _LIMITING.match(text) or _LIMITING_ELSEWHERE.match(text):
        return True
    if leans(text) and (NEGATION.search(text) or NEGATION_ELSEWHERE.search(text) or _DENIAL.search(text)):
        return True
    forbids = _FORBIDDING.search(text) or _FORBIDDING_ELSEWHERE.search(text)
    return bool(forbids) and not text.endswith("?")
