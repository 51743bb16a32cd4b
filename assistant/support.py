"""Which sentences must stand together: those that lean on the one before, and those that the next one limits."""

import re

from ingest.schema import Passage

# A sentence that begins so leans on the one before it.
_LEANING = re.compile(
    r"[\"'“‘(]?(?:it|its|this|that|these|those|they|their|them|he|she|his|her|such|but|however|also|nor|so|then|thus"
    r"|therefore|otherwise|instead|although that|in addition|as a result|for this reason|either way"
    r"|both|neither|the (?:former|latter|same))(?:['’](?:s|re|ll|d|ve))?\b",
    re.IGNORECASE,
)
# A sentence that begins so takes back some of the one before it, which must not be read without it.
_LIMITING = re.compile(
    r"[\"'“‘(]?(?:but|however|nevertheless|nonetheless|yet|still,|even so|that said|on the other hand|otherwise"
    r"|the exceptions?|except|unless|only if|if not|in contrast|conversely)\b",
    re.IGNORECASE,
)
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")


def with_support(passage: Passage, position: int) -> list[int]:
    """Return the positions of a sentence and of those of its paragraph that it cannot do without, in reading order.

    Before it stand those that it leans on; after it stands one that limits what it says.
    """
    positions = [position]
    while _LEANING.match(_text(passage, positions[0])) and follows(passage, positions[0]):
        positions.insert(0, positions[0] - 1)
    after = position + 1
    if after < len(passage.sentences) and follows(passage, after) and _LIMITING.match(_text(passage, after)):
        positions.append(after)
    return positions


def follows(passage: Passage, position: int) -> bool:
    """Whether a sentence goes on in the paragraph of the one before it."""
    if position == 0:
        return False
    before, after = passage.sentences[position - 1][1], passage.sentences[position][0]
    return before == after or not _PARAGRAPH_END.search(passage.cut(before, after))


def _text(passage: Passage, position: int) -> str:
    return passage.cut(*passage.sentences[position])
