"""The pictures that write_networks.py learns from, as an .npz: python pictures.py FILE [N].

The first N (12,000) of Fashion-MNIST's training part; the test part stays where it is.
"""

import sys

import numpy as np

import toile

if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 12_000
    train = toile.load_data("fashion-mnist").train
    np.savez(sys.argv[1], x_train=train.pixels[:count, 0], y_train=train.labels[:count])
