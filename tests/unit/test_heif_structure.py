"""The items of a HEIF are found within bounds, whatever a file says of them."""

from __future__ import annotations

import time

from utils.containers.heif_structure import Property, heif_structure
from utils.containers.heif_writer import NewItem, heif_file

LONGEST_S = 5.0  # of the processor, for hostile files


def test_a_property_of_many_items_is_kept_once() -> None:
    item = NewItem(b"hvc1", b"", [Property(b"colr", bytes(1000))])
    found = heif_structure(heif_file([item] * 3, brand=b"heic"))
    assert found is not None
    contents = [each.first_property(b"colr") for each in found.items.values()]
    assert contents == [bytes(1000)] * 3
    assert contents[0] is contents[1] is contents[2]


def test_an_item_made_of_itself_a_million_times_is_one_part() -> None:
    item = NewItem(b"grid", b"", (), [(b"dimg", [1] * 4096)] * 250)
    began_s = time.process_time()
    found = heif_structure(heif_file([item], brand=b"heic"))
    assert found is not None
    assert found.parts() == [1]
    assert time.process_time() - began_s < LONGEST_S
