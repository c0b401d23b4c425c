"""Reads structs of Thrift's compact protocol, keeping only the requested fields.

Source: Thrift's description of the compact protocol.
"""

from collections.abc import Mapping
from typing import Any

Fields = Mapping[int, Any]
"""The requested fields of a struct by number: `INTEGER`, `PRESENT`, the `Fields` of an inner
struct, or `[Fields]` for a list of structs."""
INTEGER, PRESENT = "integer", "present"

MAX_DEPTH = 12
MAX_ITEMS = 400_000
"""Most items of kept lists; with a few numbers each they need 200 MB."""
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT, UUID = range(1, 14)
INTEGERS = (I16, I32, I64)
NUM_BYTES = {TRUE: 0, FALSE: 0, BYTE: 1, DOUBLE: 8, UUID: 16}
"""Bytes of values of fixed length; the type of a boolean field is its value."""
MAX_VARINT_BITS = 70


class DamagedStruct(Exception):
    """The bytes are no struct, or a requested field is of another kind."""


class Structs:
    """Reads structs from `content`, from `position` on, never beyond its end."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0
        self._num_items = 0

    def read(self, fields: Fields, depth: int = 0) -> dict[int, Any]:
        """The requested fields that the struct has. Raises DamagedStruct."""
        values: dict[int, Any] = {}
        field = 0
        while kind_byte := self._byte():
            step, kind = divmod(kind_byte, 16)
            field = field + step if step else _signed(self._varint())
            if field in fields:
                values[field] = self._value(kind, fields[field], depth + 1)
            else:
                self._pass_over(kind, depth + 1)
        return values

    def _value(self, kind: int, wanted: Any, depth: int) -> Any:
        if wanted is PRESENT:
            self._pass_over(kind, depth)
            return True
        if wanted is INTEGER and kind in INTEGERS:
            return _signed(self._varint())
        if isinstance(wanted, list) and kind == LIST:
            size, item = self._list_head()
            self._num_items += size
            if self._num_items > MAX_ITEMS:
                raise DamagedStruct
            return [self._value(item, wanted[0], depth + 1) for _ in range(size)]
        if isinstance(wanted, Mapping) and kind == STRUCT:
            return self.read(wanted, depth)
        raise DamagedStruct

    def _pass_over(self, kind: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise DamagedStruct
        if kind in INTEGERS:
            self._varint()
        elif kind in NUM_BYTES:
            self._skip(NUM_BYTES[kind])
        elif kind == BINARY:
            self._skip(self._varint())
        elif kind in (LIST, SET):
            size, item = self._list_head()
            for _ in range(size):
                # In a list a boolean has a byte of its own.
                self._pass_over(BYTE if item in (TRUE, FALSE) else item, depth + 1)
        elif kind == STRUCT:
            self.read({}, depth + 1)
        else:
            # A map, which Parquet does not use, or an unknown kind.
            raise DamagedStruct

    def _list_head(self) -> tuple[int, int]:
        """The number of items of a list, each at least a byte, and their kind."""
        size, item = divmod(self._byte(), 16)
        size = self._varint() if size == 15 else size
        if size > len(self.content) - self.position:
            raise DamagedStruct
        return size, item

    def _skip(self, num_bytes: int) -> None:
        self.position += num_bytes
        if self.position > len(self.content):
            raise DamagedStruct

    def _byte(self) -> int:
        if self.position >= len(self.content):
            raise DamagedStruct
        self.position += 1
        return self.content[self.position - 1]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, MAX_VARINT_BITS, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise DamagedStruct


def _signed(zigzag: int) -> int:
    return (zigzag >> 1) ^ -(zigzag & 1)
