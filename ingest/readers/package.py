"""ZIP packages (DOCX, PPTX, EPUB, ZIP) without their dangers: too many parts, too much to unpack, a lying directory."""

import struct
import zipfile
import zlib
from io import BytesIO

from ingest.errors import SourceUnreadable

_LARGEST = 200_000_000  # bytes, unpacked
_LARGEST_RATIO = 200  # unpacked to packed
_RATIO_FROM = 10_000_000  # bytes, unpacked: small files of repeated text pack well
_MOST_PARTS = 10_000
# What zipfile and the libraries above it let through from broken packages, beside their own errors.
BROKEN = (
    AttributeError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def open_package(data: bytes, source: str, kind: str) -> zipfile.ZipFile:
    """Return a package whose parts may be read.

    Raises:
        SourceUnreadable: it is no package, or unpacks beyond all measure.
    """
    try:
        package = zipfile.ZipFile(BytesIO(data))
        unpacked = sum(part.file_size for part in package.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        raise SourceUnreadable(f"is no {kind} file (not a ZIP package)", source, f"save it anew as {kind}") from error
    remedy = "split it, or remove it if you do not know it"
    if unpacked > _LARGEST or (unpacked > _RATIO_FROM and unpacked > _LARGEST_RATIO * len(data)):
        what = f"unpacks to {unpacked / 1e6:,.0f} MB from {len(data) / 1e6:,.1f} MB, which no document needs"
        raise SourceUnreadable(what, source, remedy)
    if len(package.infolist()) > _MOST_PARTS:
        raise SourceUnreadable(f"holds {len(package.infolist()):,} files, more than {_MOST_PARTS:,}", source, remedy)
    return package


def read_part(package: zipfile.ZipFile, name: str, source: str) -> bytes:
    """Return the bytes of a part.

    Raises:
        SourceUnreadable: the part is missing, encrypted or broken.
    """
    try:
        return package.read(name)
    except KeyError as error:
        raise SourceUnreadable(f"lacks its part {name}", source, "save it anew") from error
    except BROKEN as error:
        locked = isinstance(error, RuntimeError) and "password" in str(error)
        what = "needs a password" if locked else f"has a broken part {name}"
        raise SourceUnreadable(what, source, "save it anew, without a password") from error
