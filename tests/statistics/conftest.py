"""The lab sheet's four tables: accuracies in percent as its class read them off."""

import pytest

FILTERS = {
    "8": [89.91, 88.85, 89.68, 89.39, 89.65],
    "16": [89.75, 90.13, 90.09, 90.2, 89.7],
    "32": [89.78, 89.6, 90.84, 89.72, 89.72],
    "64": [89.99, 90.65, 90.17, 89.97, 90.51],
    "128": [90.52, 90.2, 90.09, 89.87, 90.05],
}
LEARNING_RATES = {
    ".1": [82.08, 82.15, 85.07, 83.54],
    ".01": [88.59, 89.91, 89.95, 89.76],
    ".001": [87.26, 87.33, 86.86, 88.22],
    "1e-4": [83.91, 83.04, 83.59, 83.89],
    "1e-5": [74.55, 73.19, 74.78, 73.56],
}
EPOCHS = {
    "1": [85.6, 85.96, 86.59, 88.03],
    "2": [88.59, 87.01, 87.55, 87.6],
    "5": [89.15, 89.92, 89.14, 88.22],
    "10": [88.74, 88.57, 89.86, 89.88],
    "20": [90.26, 90.08, 90.35, 89.91],
}
DROPOUT = {
    ".1": [90.48, 89.96, 89.68, 90.59],
    ".2": [90.23, 90.44, 90.34, 89.51],
    ".3": [89.99, 90.3, 90.02, 89.8],
    ".4": [90.34, 89.76, 90.92, 89.93],
    ".5": [89.84, 89.94, 89.55, 90.12],
}


@pytest.fixture
def filters() -> dict[str, list[float]]:
    return FILTERS


@pytest.fixture
def learning_rates() -> dict[str, list[float]]:
    return LEARNING_RATES


@pytest.fixture
def epochs() -> dict[str, list[float]]:
    return EPOCHS


@pytest.fixture
def dropout() -> dict[str, list[float]]:
    return DROPOUT
