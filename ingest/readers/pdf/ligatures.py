"""Ligatures that a program lost when it saved a PDF of TeX again: "e cient", "di↵erent"."""

import re
from itertools import product

import numpy as np
from numpy.typing import NDArray

# What is read in place of a ligature: no code, its code in TeX's encodings (but that of a line's end), or an arrow.
_LOST = "\x00\x0b\x0c\x0e\x0f\x1b\x1c\x1d\x1e\x1f↵"
_LIGATURES = ("ff", "fi", "fl", "ffi", "ffl")
_SIGNS = ("ﬀ", "ﬁ", "ﬂ", "ﬃ", "ﬄ")
_WORD = re.compile(rf"[^\W\d_]*(?:[{_LOST}][^\W\d_]*)+")
_MOST = 2  # of a word
_LEAST = 2  # letters beside them
_LONGEST = 40  # characters
_KNOWN = 1e-7  # of the words of English texts
_SURE = 100  # times as frequent as the next word that it may be


def put_ligatures(codes: NDArray[np.uint32]) -> None:
    """Put the ligatures in place of what is read for them, where they make a word of English and no other would."""
    if not np.isin(codes, list(map(ord, _LOST))).any():
        return
    text = "".join(map(chr, np.minimum(codes, 0x10FFFF).tolist()))
    for match in _WORD.finditer(text):
        lost = [at for at in range(*match.span()) if text[at] in _LOST]
        if len(lost) <= _MOST and len(match[0]) - len(lost) >= _LEAST and len(match[0]) <= _LONGEST:
            for at, sign in zip(lost, _signs(match[0]), strict=False):
                codes[at] = ord(sign)


def _signs(word: str) -> tuple[str, ...]:
    """Return the signs of the ligatures that a word lost, none if it is not sure which."""
    import wordfreq

    frequencies = wordfreq.get_frequency_dict("en")
    parts = re.split(f"[{_LOST}]", word.casefold())
    found = []
    for chosen in product(range(len(_LIGATURES)), repeat=len(parts) - 1):
        joined = parts[0] + "".join(_LIGATURES[one] + part for one, part in zip(chosen, parts[1:], strict=True))
        found.append((frequencies.get(joined, 0.0), tuple(_SIGNS[one] for one in chosen)))
    found.sort(reverse=True)
    (best, signs), (next_best, _) = found[:2]
    return signs if best >= max(_KNOWN, _SURE * next_best) else ()
