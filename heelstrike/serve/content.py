"""What an upload is, by its first bytes, and the name under which it is kept.

Sources of the signatures: ISO/IEC 14496-12 (ftyp), RIFF, EBML (RFC 8794), ISO/IEC 13818-1 (transport and program
streams), ASF, FLV, Ogg (RFC 3533), SMPTE 377 (MXF), IEC 61834 (DV), JPEG, PNG, BMP, TIFF 6.0, WebP, DICOM PS3.10,
NIfTI-1, MetaImage.
"""

import re
import unicodedata

from heelstrike.media import MEDIA, kind_of
from heelstrike.serve.records import Kind

HEAD_BYTES = 4096
"""Bytes that are enough to tell what a file is."""

_BYTES_OF_NAME = 180  # the longest names of files have 255, and results have longer suffixes
_UNWANTED = re.compile(r"[^\w .()+,=@&'-]")
_PACKET, _STAMPED_PACKET, _SYNC = 188, 192, 0x47  # MPEG transport streams, as broadcast and of camcorders
_STILL_BRANDS = (b"heic", b"heix", b"mif1", b"avif")

_STARTS: tuple[tuple[int, bytes, Kind, str], ...] = (
    (0, b"\xff\xd8\xff", "image", ".jpg"),
    (0, b"\x89PNG\r\n\x1a\n", "image", ".png"),
    (0, b"BM", "image", ".bmp"),
    (0, b"II*\0", "image", ".tif"),
    (0, b"MM\0*", "image", ".tif"),
    (8, b"WEBP", "image", ".webp"),
    (128, b"DICM", "scan", ".dcm"),
    (0, b"ObjectType", "scan", ".mha"),
    (344, b"n+1\0", "scan", ".nii"),
    (4, b"ftyp", "video", ".mp4"),
    (4, b"moov", "video", ".mov"),
    (4, b"mdat", "video", ".mov"),
    (4, b"wide", "video", ".mov"),
    (8, b"AVI ", "video", ".avi"),
    (0, b"\x1a\x45\xdf\xa3", "video", ".mkv"),
    (0, b"\0\0\x01\xba", "video", ".mpg"),
    (0, b"\0\0\x01\xb3", "video", ".mpg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video", ".wmv"),
    (0, b"FLV", "video", ".flv"),
    (0, b"OggS", "video", ".ogv"),
    (0, b"\x06\x0e\x2b\x34", "video", ".mxf"),
    (0, b"\x1f\x07\0", "video", ".dv"),
)
_GZIP, _COMPRESSED_SCAN = b"\x1f\x8b", ".nii.gz"


def kind_by_content(head: bytes, name: str) -> tuple[Kind, str] | None:
    """Return what a file is and the usual suffix for it; `None` if it is nothing that can be measured.

    Args:
        head: The first bytes of the file, at least `HEAD_BYTES` of them or all.
        name: Its name, which tells a compressed medical image from other compressed files.
    """
    if head.startswith(_GZIP) and name.lower().endswith(_COMPRESSED_SCAN):
        return "scan", _COMPRESSED_SCAN
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        return None
    for start, signature, kind, suffix in _STARTS:
        if head[start : start + len(signature)] == signature:
            return kind, suffix
    if _has_packets(head, _PACKET, 0) or _has_packets(head, _STAMPED_PACKET, 4):
        return "video", ".ts"
    return None


def _has_packets(head: bytes, length: int, start: int) -> bool:
    syncs = head[start::length]
    return len(syncs) >= 2 and all(byte == _SYNC for byte in syncs)


def safe_name(name: str, kind: Kind, suffix: str) -> str:
    """Return a name under which an upload can be kept in its folder.

    Folders are left out, and everything but letters, digits and a few signs becomes `_`. A name whose suffix does not
    say what the file is gets the right one, since readers go by it.

    Args:
        name: The name that the client sent.
        kind: What the file is by its content.
        suffix: The usual suffix of such a file.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    last = _UNWANTED.sub("_", last).strip(" .") or "upload"
    if kind_of(last) != kind:
        last += suffix
    if len(last.encode()) > _BYTES_OF_NAME:
        end = next((known for known in MEDIA if last.lower().endswith(known)), suffix)
        last = last.encode()[: _BYTES_OF_NAME - len(end)].decode(errors="ignore") + end
    return last


def unused_name(name: str, used: set[str]) -> str:
    """Return a name, with ` (2)` or a higher number before its suffix if it is used already, in any capitals."""
    taken = {other.casefold() for other in used}
    stem, dot, suffix = name.partition(".")
    number, candidate = 1, name
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{stem} ({number}){dot}{suffix}"
    return candidate
