"""Safe access to ZIP packages (DOCX, PPTX, EPUB, ZIP): limits on parts and unpacked size, damaged files refused."""

import struct
import zipfile
import zlib
from io import BytesIO

from ingest.errors import SourceUnreadable

_MAX_SIZE = 200_000_000  # bytes, unpacked
_MAX_RATIO = 200  # unpacked to packed
_RATIO_FROM = 10_000_000  # bytes, unpacked: smaller files of repeated text compress well
_MAX_PARTS = 10_000
# What zipfile and the libraries built on it raise for damaged packages, besides their own errors.
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
    """Open a package and check its size.

    Raises:
        SourceUnreadable: the file is not a package, or is too large when unpacked.
    """
    try:
        package = zipfile.ZipFile(BytesIO(data))
        unpacked = sum(part.file_size for part in package.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        what = f"is not a valid {kind} file (not a ZIP package)"
        raise SourceUnreadable(what, source, f"save it again as {kind}") from error
    remedy = "split it, or remove it if you do not trust it"
    if unpacked > _MAX_SIZE or (unpacked > _RATIO_FROM and unpacked > _MAX_RATIO * len(data)):
        what = f"unpacks to {unpacked / 1e6:,.0f} MB from {len(data) / 1e6:,.1f} MB, too much for a document"
        raise SourceUnreadable(what, source, remedy)
    if len(package.infolist()) > _MAX_PARTS:
        raise SourceUnreadable(f"contains {len(package.infolist()):,} files (limit {_MAX_PARTS:,})", source, remedy)
    return package


def read_part(package: zipfile.ZipFile, name: str, source: str) -> bytes:
    """Return the bytes of a part.

    Raises:
        SourceUnreadable: the part is missing, encrypted or damaged.
    """
    try:
        return package.read(name)
    except KeyError as error:
        raise SourceUnreadable(f"is incomplete ({name} is missing)", source, "save it again") from error
    except BROKEN as error:
        if isinstance(error, RuntimeError) and "password" in str(error):
            raise SourceUnreadable("is password-protected", source, "save it without a password") from error
        raise SourceUnreadable(f"is damaged ({name} cannot be unpacked)", source, "save it again") from error
