"""The fingerprint's bytes, written out by hand, and what it does and does not see."""

import hashlib

import numpy as np

from tests.memory import peak_mb
from toile.data import Images
from toile.data.fingerprint import identify, image_hashes


def images(pixels: list, labels: list[int]) -> Images:
    return Images(np.array(pixels, np.uint8), np.array(labels))


A, B = [[[7, 9]]], [[[0, 255]]]  # one channel, one row, two columns


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def test_the_bytes_are_those_the_module_promises():
    shape = b"\1\0\0\0" + b"\1\0\0\0" + b"\2\0\0\0"
    train_a = b"\0" + b"\0\0\1\2" + sha(shape + b"\x07\x09")
    train_b = b"\0" + b"\0\0\0\0" + sha(shape + b"\x00\xff")
    test_a = b"\1" + b"\0\0\0\0" + sha(shape + b"\x07\x09")
    identity = identify(images([A, B], [258, 0]), images([A], [0]))
    assert identity.fingerprint == sha(train_b + train_a + test_a).hex()
    assert identity.order == sha(train_a + train_b + test_a).hex()
    assert identity.test_fingerprint == sha(test_a).hex()


def test_order_changes_the_order_alone():
    test = images([A], [0])
    one, other = identify(images([A, B], [0, 1]), test), identify(images([B, A], [1, 0]), test)
    assert one.fingerprint == other.fingerprint
    assert one.order != other.order


def test_a_label_a_pixel_and_a_part_each_change_it():
    base = identify(images([A, B], [0, 1]), images([A], [0])).fingerprint
    assert base != identify(images([A, B], [1, 1]), images([A], [0])).fingerprint
    assert base != identify(images([A, A], [0, 1]), images([A], [0])).fingerprint
    assert base != identify(images([A, A], [0, 0]), images([B], [1])).fingerprint


def test_the_same_bytes_in_another_shape_are_another_image():
    tall = np.array([[[[7], [9]]]], np.uint8)
    assert image_hashes(Images(tall, np.zeros(1, np.int64))) != image_hashes(images([A], [0]))


def test_many_small_images_are_hashed_in_little_memory():
    setup = """import numpy as np
from toile.data import Images
from toile.data.fingerprint import identify
images = Images(np.zeros((200_000, 1, 4, 4), np.uint8), np.zeros(200_000, np.int64))"""
    peak, _ = peak_mb("identify(images, images)", setup)
    assert peak < 40
