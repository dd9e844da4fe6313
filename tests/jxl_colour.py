"""Small JPEG XL whose codestream names its colours by numbers, as ISO/IEC 18181-1 packs them."""

from __future__ import annotations

from PIL import Image

from tests.picture_files import encoded

_SIZE_BITS = 1 + 5 + 3 + 5  # a small size: height, no ratio, width


def jxl_said(picture: Image.Image, primaries: int, transfer: int) -> bytes:
    """The encoder's file of the same light, its short header (all defaults) written out at length.

    Sides are multiples of 8, at most 256, and in no common ratio. `primaries` is 1 (sRGB), 9
    (BT.2100) or 11 (P3), `transfer` as in H.273.
    """
    data = encoded(picture, "JXL", quality=95)
    bits = int.from_bytes(data[2:20], "little")
    assert bits & 1, "not a small size"
    assert not bits >> 6 & 7, "a ratio stands for the width"
    assert bits >> _SIZE_BITS & 3 == 3, "its header says more than the defaults"
    packed = _Bits(bits & ((1 << _SIZE_BITS) - 1), _SIZE_BITS)
    packed.add(0, 1)  # not all default
    packed.add(0, 1)  # no extra fields
    packed.add(0, 3)  # integers of 8 bit
    packed.add(1, 1)  # buffers of 16 bit will do
    packed.add(0, 2)  # no extra channels
    packed.add(1, 1)  # XYB
    packed.add(0, 2)  # a colour encoding of its own, no profile
    packed.add_enum(0)  # RGB
    packed.add_enum(1)  # D65
    packed.add_enum(primaries)
    packed.add(0, 1)  # no gamma
    packed.add_enum(transfer)
    packed.add_enum(1)  # relative intent
    packed.add(0, 2)  # no extensions
    packed.add(1, 1)  # the usual transform
    return data[:2] + packed.to_bytes() + data[2 + (_SIZE_BITS + 2 + 7) // 8 :]


class _Bits:
    """Least significant first."""

    def __init__(self, start: int, count: int) -> None:
        self._packed, self._count = start, count

    def add(self, value: int, count: int) -> None:
        self._packed |= value << self._count
        self._count += count

    def add_enum(self, value: int) -> None:
        if value < 2:
            self.add(value, 2)
        else:
            self.add(2, 2)
            self.add(value - 2, 4)

    def to_bytes(self) -> bytes:
        return self._packed.to_bytes((self._count + 7) // 8, "little")
