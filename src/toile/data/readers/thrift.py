"""Structs of Thrift's compact protocol, of which only the fields asked for are held.

Source: Thrift's description of the compact protocol.
"""

from collections.abc import Mapping
from typing import Any

Fields = Mapping[int, Any]
"""Of a struct the fields to hold: `INTEGER`, `PRESENT`, the `Fields` of a struct, or a list of one
`Fields`, for a list of structs."""
INTEGER, PRESENT = "integer", "present"

MAX_DEPTH = 12
MAX_ITEMS = 400_000
"""Of lists that are held: with a few numbers each they take 200 MB."""
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT, UUID = range(1, 14)
INTEGERS = (I16, I32, I64)
NUM_BYTES = {TRUE: 0, FALSE: 0, BYTE: 1, DOUBLE: 8, UUID: 16}
"""Bytes of values whose length is fixed; a boolean stands in its type."""
MAX_VARINT_BITS = 70


class DamagedStruct(Exception):
    """The bytes are no struct of which the fields asked for are of the kinds asked for."""


class Structs:
    """Reads structs from `content`, from `position` on; never behind its end."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0
        self._num_items = 0

    def read(self, fields: Fields, depth: int = 0) -> dict[int, Any]:
        """The fields asked for, those that are there; raises DamagedStruct."""
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
                # In a list a boolean has a byte.
                self._pass_over(BYTE if item in (TRUE, FALSE) else item, depth + 1)
        elif kind == STRUCT:
            self.read({}, depth + 1)
        else:
            # A map, which Parquet has none of, or a kind that there is not.
            raise DamagedStruct

    def _list_head(self) -> tuple[int, int]:
        """How many items a list has, each of a byte at least, and their kind."""
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
