"""XML label files, read without document types, so that no entity can be declared, expanded or fetched."""

from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

from heelstrike.errors import UserError
from pipeline.collect.findings import Findings
from pipeline.names import in_normal_form


class _WithoutDocumentType(ElementTree.TreeBuilder):
    """Builds the tree; stops at a document type, which comes before any entity that it declares."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        """Refuse the document type; label tools write none."""
        raise UserError(f"{self._where}: has a document type (DOCTYPE), which is not read; export the labels again")


def read_xml(path: Path, findings: Findings) -> ElementTree.Element:
    """Read an XML file and return its root element, with all texts in NFC.

    Raises:
        UserError: The file is empty, is not XML, or has a document type.
    """
    data = path.read_bytes()
    if not data.strip():
        raise UserError(f"{findings.where}: empty ({len(data)} bytes); export the labels again")
    parser = ElementTree.XMLParser(target=_WithoutDocumentType(findings.where))
    try:
        parser.feed(data)
        root = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise UserError(f"{findings.where}: not valid XML ({error}); export the labels again") from None
    for element in root.iter():
        element.attrib = in_normal_form(element.attrib)
        element.text = in_normal_form(element.text)
    return root
