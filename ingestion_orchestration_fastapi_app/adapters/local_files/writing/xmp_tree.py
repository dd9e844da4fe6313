"""A packet of XMP as a tree that is written again with all that was in it."""

from __future__ import annotations

import re

from lxml import etree

MAX_EDITED_BYTES = 4 * 1024 * 1024
MAX_ELEMENTS = 100_000
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NAMESPACES = {
    "rdf": RDF,
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DESCRIPTION, _ABOUT, _LI = f"{{{RDF}}}Description", f"{{{RDF}}}about", f"{{{RDF}}}li"
_CONTAINERS = tuple(f"{{{RDF}}}{kind}" for kind in ("Bag", "Seq", "Alt"))
_DECLARED = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml\s|\A(?:\xff\xfe<\0|\xfe\xff\0<)")
_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Photoseek">'
    f'<rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta><?xpacket end="w"?>'
).encode()


class XmpRefusedError(Exception):
    """It is no XMP that could be written again with all that is in it. Its text is for people."""


def property_name(name: str) -> str:
    """ "dc:subject" as a tree has it."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


class XmpTree:
    """Properties are named as `dc:subject`. What is not asked for stays as it was: other elements,
    comments, the order, prefixes, what stands around the packet.

    Raises XmpRefusedError: too large, a DTD (so entities, too), no XML, no XMP.
    """

    def __init__(self, data: bytes | None) -> None:
        self._is_new = data is None
        self._tree = _parsed(_EMPTY if data is None else data)
        self._is_declared = data is not None and _DECLARED.match(data) is not None
        root = self._tree.getroot()
        rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
        if rdf is None:
            raise XmpRefusedError("the sidecar that is there is no XMP")
        self._rdf = rdf
        self._own: etree._Element | None = None

    def text(self, name: str) -> str | None:
        """Of a simple property."""
        wanted = property_name(name)
        for one in self._descriptions():
            if wanted in one.attrib:
                return str(one.attrib[wanted])
            found = one.find(wanted)
            if found is not None:
                return "".join(found.itertext()).strip()
        return None

    def set_text(self, name: str, text: str | None) -> None:
        """In the form in which it stands there. None: it goes."""
        wanted, is_done = property_name(name), text is None
        for one in self._descriptions():
            if wanted in one.attrib:
                if is_done or text is None:
                    del one.attrib[wanted]
                else:
                    one.attrib[wanted], is_done = _legal(text), True
            for found in one.findall(wanted):
                if is_done or text is None:
                    _remove(found)
                else:
                    tail = found.tail
                    found.clear()
                    found.text, found.tail, is_done = _legal(text), tail, True
        if not is_done and text is not None:
            self._own_block().attrib[wanted] = _legal(text)

    def items(self, name: str) -> list[str]:
        """Of a list; what stands there without one is its only item."""
        found: list[str] = []
        for element in self._properties(name):
            listed = [item for box in element.iter(*_CONTAINERS) for item in box.findall(_LI)]
            texts = [item.text or "" for item in listed] if listed else [element.text or ""]
            found += [text.strip() for text in texts if text.strip()]
        return found

    def add_items(self, name: str, items: list[str], *, kind: str = "Bag") -> None:
        """Behind those that are there."""
        if not items:
            return
        element = next(iter(self._properties(name)), None)
        if element is None:
            element = etree.SubElement(self._own_block(), property_name(name))
        box = next(iter(element.iter(*_CONTAINERS)), None)
        if box is None:
            before, element.text = (element.text or "").strip(), None
            box = etree.SubElement(element, f"{{{RDF}}}{kind}")
            items = [before, *items] if before else items
        for item in items:
            etree.SubElement(box, _LI).text = _legal(item)

    def remove_items(self, name: str, items: set[str]) -> None:
        """A list of which nothing is left goes."""
        for element in self._properties(name):
            for item in [one for one in element.iter(_LI) if (one.text or "").strip() in items]:
                _remove(item)
            is_empty = element.find(f".//{_LI}") is None and not (element.text or "").strip()
            if is_empty and items:
                _remove(element)

    def set_words(self, name: str, text: str | None) -> None:
        """The words of a property that has them by language: in any. None: it goes."""
        for element in self._properties(name):
            _remove(element)
        if text is not None:
            element = etree.SubElement(self._own_block(), property_name(name))
            item = etree.SubElement(etree.SubElement(element, f"{{{RDF}}}Alt"), _LI)
            item.set(_LANGUAGE, "x-default")
            item.text = _legal(text)

    def written(self) -> bytes:
        if self._is_new:
            etree.indent(self._tree)
        written: bytes = etree.tostring(
            self._tree, encoding="UTF-8", xml_declaration=self._is_declared, pretty_print=False
        )
        return written

    def _descriptions(self) -> list[etree._Element]:
        found: list[etree._Element] = self._rdf.findall(_DESCRIPTION)
        return found

    def _properties(self, name: str) -> list[etree._Element]:
        wanted = property_name(name)
        return [found for one in self._descriptions() for found in one.findall(wanted)]

    def _own_block(self) -> etree._Element:
        """What is new stands in a description of its own, with the prefixes that people know."""
        others = self._descriptions()
        known = [one for one in others if NAMESPACES.items() <= one.nsmap.items()]
        self._own = next(iter(known), self._own)
        if self._own is None:
            about = others[0].get(_ABOUT, "") if others else ""
            self._own = etree.SubElement(self._rdf, _DESCRIPTION, nsmap=NAMESPACES)
            self._own.set(_ABOUT, about)
        return self._own


def _parsed(data: bytes) -> etree._ElementTree:
    if len(data) > MAX_EDITED_BYTES or data.count(b"<") > 2 * MAX_ELEMENTS:
        raise XmpRefusedError("the sidecar that is there is too large to be changed")
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise XmpRefusedError("the sidecar that is there has a DTD")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        strip_cdata=False,
        recover=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise XmpRefusedError("the sidecar that is there is no whole XML") from exc
    return root.getroottree()


def _remove(element: etree._Element) -> None:
    """With the blanks behind it."""
    parent = element.getparent()
    assert parent is not None, "the root is no property"
    parent.remove(element)


def _legal(text: str) -> str:
    return _NO_XML.sub(" ", text)
