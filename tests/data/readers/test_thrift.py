"""Structs of Thrift's compact protocol, by bytes written by hand."""

import pytest

from toile.data.readers.thrift import INTEGER, PRESENT, DamagedStruct, Structs

# Fields 1 and 2 as zigzag numbers, a struct with a text, a list of two booleans, field 20.
STRUCT = bytes([0x15, 0x00, 0x15, 0x80, 0x02, 0x1C, 0x18, 0x02]) + b"ab" + bytes([0x00])
STRUCT += bytes([0x19, 0x21, 1, 1, 0x05, 40, 0x0D, 0x00])
# Field 1, a list of two structs, each with field 3, a number, and field 4, a double.
LIST = bytes([0x19, 0x2C]) + (bytes([0x36, 0x05, 0x17]) + bytes(8) + b"\0") * 2 + b"\0"


def test_fields_asked_for_are_read_and_the_rest_is_passed_over():
    structs = Structs(STRUCT + b"more")
    assert structs.read({2: INTEGER, 3: {}, 4: PRESENT, 20: INTEGER, 9: INTEGER}) == {
        2: 128,
        3: {},
        4: True,
        20: -7,
    }
    assert structs.position == len(STRUCT)


def test_lists_of_structs_are_read():
    assert Structs(LIST).read({1: [{3: INTEGER}]}) == {1: [{3: -3}, {3: -3}]}


@pytest.mark.parametrize("length", range(len(STRUCT)))
def test_a_struct_cut_short_is_damaged(length):
    with pytest.raises(DamagedStruct):
        Structs(STRUCT[:length]).read({2: INTEGER})


@pytest.mark.parametrize(
    "content",
    [
        # Texts longer than can be: of bytes beyond the end, and of more than a pointer reaches.
        b"\x18\xff\x01",
        b"\x18" + b"\xff" * 9 + b"\x7f",
        # A list of billions, of doubles and of structs.
        b"\x19\xf7" + b"\xff" * 4 + b"\x7f",
        b"\x19\xfc" + b"\xff" * 4 + b"\x7f",
        # A list of more structs than are held, though they are there.
        b"\x19\xfc\x81\xb5\x18" + bytes(1 << 20),
        # A number that never ends, a map, structs in structs.
        b"\x15" + b"\xff" * 20,
        b"\x1b\x00",
        b"\x1c" * 5000,
        # A text where a number is asked for.
        b"\x28\x01a\x00",
    ],
)
def test_what_cannot_be_is_damaged(content):
    with pytest.raises(DamagedStruct):
        Structs(content).read({2: INTEGER, 1: [{}]})
