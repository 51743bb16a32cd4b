"""The English forms in which a sentence leans on another one, limits it, denies or warns."""

import re

# Openings of sentences that refer to the sentence before.
LEANING = re.compile(
    r"[\"'“‘(*_]*(?:it|its|this|that|these|those|they|their|them|he|she|his|her|such|but|however|also|nor|so|then|thus"
    r"|therefore|otherwise|instead|although that|in addition|as a result|for this reason|either way"
    r"|both|neither|repeat|the (?:former|latter|same)"
    r"|(?:in|at|for|with|without|after|before|during|because of|if|when|until|once|unless)"
    r" (?:this|that|these|those|such|they|so))(?:['’](?:s|re|ll|d|ve))?\b",
    re.IGNORECASE,
)
# Openings of sentences that limit or take back what the sentence before says.
LIMITING = re.compile(
    r"[\"'“‘(*_]*(?:but|however|nevertheless|nonetheless|yet|still(?=,)|even so|that said|on the other hand|otherwise"
    r"|(?:with one |the )?exceptions?|except|unless|only|if not|in contrast|conversely|at least(?=,)|though"
    r"|although (?:this|that|it)|provided|do not|don['’]t|never|(?:and |or )?not|no(?=,)|nobody|none of|avoid|warning"
    r"|caution|(?:please )?note[:,]? (?:that )?(?:(?:it|this) )?(?:(?:is|does) )?not"
    r"|no evidence|there (?:is|was) (?:no|little))\b",
    re.IGNORECASE,
)
# Prohibitions anywhere in a sentence limit the sentence before as well.
FORBIDDING = re.compile(
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
DENIAL = re.compile(
    r"\b(?:only|false|wrong|untrue|incorrect|myth|disproved|refuted|withdrawn|banned|forbidden|contraindicated)\b",
    re.IGNORECASE,
)
# What stands above instructions and must not be left out.
WARNING = re.compile(
    r"[\W_]*(?:warning|caution|danger|never|do not|don['’]t|important|must not|stop\b.*\bif)\b", re.IGNORECASE
)
# The first line of a box in Markdown: "!!! warning", "::: danger", "> [!CAUTION]".
WARNING_BOX = re.compile(r"(?:!!!|\?\?\?\+?|:::|\[!)\s*(?:warning|danger|caution|attention|important)\b", re.IGNORECASE)
