"""What DOCX, PPTX and XLSX share: opening packages, also those in the strict form, and parsing further parts."""

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

from ingest.errors import SourceUnreadable
from ingest.readers.package import Budget, unpacked

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STRICT = re.compile(rb"""(=\s*["'])http://purl\.oclc\.org/ooxml/(\w+)(?=[/"'])""")
_STRICT_RELATION = re.compile(rb"""=\s*["']http://purl\.oclc\.org/ooxml/officeDocument/relationships/officeDocument""")
_NAMES = {b"2006/extendedProperties": b"2006/extended-properties", b"2006/customProperties": b"2006/custom-properties"}
_TYPES = "[Content_Types].xml"
# Templates, slide shows and files with macros, which are never run: they hold the same text.
_MAIN_TYPE = re.compile(
    rb"application/vnd\.(?:ms-(word|powerpoint)\.\w+\.macroEnabled(?:Template)?"
    rb"|openxmlformats-officedocument\.(wordprocessingml|presentationml)\.(?:template|slideshow))\.main\+xml"
)
# A whole document inside another, which the libraries would take for the main part.
_INSERTED = re.compile(rb"""<(?:Default|Override)\s[^<>]*["'.]docx["'][^<>]*>""")
_XML = (".xml", ".rels")


class Part(Protocol):
    """A part of a package, as python-docx and python-pptx provide it."""

    @property
    def blob(self) -> bytes:
        """Return its bytes."""
        ...

    @property
    def content_type(self) -> str:
        """Return its media type."""
        ...


def opened(data: bytes, source: str, kind: str, budget: Budget) -> BytesIO:
    """Return a package without compression, in the transitional form that the libraries know.

    Raises:
        SourceUnreadable: the file is no package of that kind, or too large when unpacked.
    """
    suffix = f".{kind.lower()}"
    if data.startswith(_OLE):
        what = f"is password-protected or an old {suffix[:4]} file"
        raise SourceUnreadable(what, source, f"save it as {suffix} without a password")
    plain = unpacked(data, source, kind, budget)
    with zipfile.ZipFile(plain) as package:
        parts = {name: package.read(name) for name in (_TYPES, "_rels/.rels") if name in package.namelist()}
        strict = _STRICT_RELATION.search(parts.get("_rels/.rels", b""))
        types = _MAIN_TYPE.sub(_usual_type, parts.get(_TYPES, b""))
        types = _INSERTED.sub(lambda found: found[0].replace(b".main+xml", b""), types)
        if not strict and types == parts.get(_TYPES, b""):
            plain.seek(0)
            return plain
        transitional = BytesIO()
        with zipfile.ZipFile(transitional, "w") as copy:
            for name in package.namelist():
                content = types if name == _TYPES else package.read(name)
                copy.writestr(name, _transitional(content) if strict and name.endswith(_XML) else content)
    transitional.seek(0)
    return transitional


def _usual_type(found: re.Match[bytes]) -> bytes:
    kind = {b"word": b"wordprocessingml.document", b"powerpoint": b"presentationml.presentation"}.get(found[1] or b"")
    kind = kind or (found[2] + (b".document" if found[2] == b"wordprocessingml" else b".presentation"))
    return b"application/vnd.openxmlformats-officedocument." + kind + b".main+xml"


def _transitional(part: bytes) -> bytes:
    """Replace the namespaces and relationship types of Strict Open XML (ISO/IEC 29500-1, annex A)."""
    part = _STRICT.sub(rb"\1http://schemas.openxmlformats.org/\2/2006", part)
    for strict, transitional in _NAMES.items():
        part = part.replace(strict, transitional)
    return part


def parsed(part: bytes) -> "_Element | None":
    """Return the root of an XML part without its entities; None if it is not well-formed."""
    from lxml import etree  # type: ignore[import-untyped]

    try:
        return etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True))
    except etree.XMLSyntaxError:
        return None


def related(part: object, kind: str) -> Iterator["_Element"]:
    """Yield the roots of the XML parts that a part relates to as a kind, such as `footnotes`."""
    for relation in getattr(part, "rels", {}).values():
        if relation.reltype.endswith(f"/{kind}") and not relation.is_external:
            root = parsed(relation.target_part.blob)
            if root is not None:
                yield root


def target(part: object, identity: str | None) -> Part | None:
    """Return the part that a part relates to under an id."""
    relation = getattr(part, "rels", {}).get(identity)
    if relation is None or relation.is_external:
        return None
    found: Part = relation.target_part
    return found


def local(element: "_Element") -> str:
    """Return an element's name without its namespace; "" for comments and the like."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def is_on(element: "_Element | None", attribute: str) -> bool:
    """Return whether a switch such as `<w:b/>` is there and not switched off."""
    return element is not None and element.get(attribute, "true") not in ("0", "false", "off", "none")
