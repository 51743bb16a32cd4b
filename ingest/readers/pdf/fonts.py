"""What the fonts of a PDF page say: whether letters are bold or of one width, and which signs stand for letters."""

import ctypes
import re

from ingest.readers.symbols import FAMILIES, family

_BOLD = re.compile(
    r"bold|black|heavy|demi|medi$|medi[-,]|\bbd\b|^(?:[A-Z]{6}\+)?(?:cm|sf|ec|tc|lm|gb)\w*?bx",
    re.IGNORECASE,
)
_ONE_WIDTH = re.compile(
    r"courier|mono(?!type)|consol|menlo|typewriter|lettergothic|inconsolata|"
    r"^(?:[A-Z]{6}\+)?(?:(?:cm|sf|ec|tc|lm|gb|t1x|tx|px)\w{0,4}tt|pcr|nimbusmon|sourcecode|firacode)",
    re.IGNORECASE,
)
_FORCED_BOLD = 1 << 18  # in a font's flags

Face = tuple[bool, bool, int]
"""Whether a font is bold, whether all its letters have one width, and its number in `FAMILIES`."""


def face(text_object: int, known: dict[int, Face]) -> Face:
    """Return the face of a text object, given by its address; `known` are those of fonts seen before."""
    import pypdfium2.raw as pdfium

    font = pdfium.FPDFTextObj_GetFont(ctypes.cast(text_object, pdfium.FPDF_PAGEOBJECT)) if text_object else None
    key = ctypes.cast(font, ctypes.c_void_p).value if font else None
    if not key:
        return False, False, 0
    if key not in known:
        buffer = ctypes.create_string_buffer(128)
        pdfium.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
        name = buffer.value.decode("latin-1")
        forced = pdfium.FPDFFont_GetFlags(font) & _FORCED_BOLD
        bold = bool(_BOLD.search(name) or forced > 0)
        known[key] = bold, bool(_ONE_WIDTH.search(name)), FAMILIES.index(family(name))
    return known[key]
