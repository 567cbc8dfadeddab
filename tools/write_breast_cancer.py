"""Writes inst/extdata/breast_cancer.csv from scikit-learn's copy of the data.

All 357 benign cases and a fixed draw of 36 of the 212 malignant ones, in the
order that they have there.
"""

import csv
import pathlib

import numpy as np
from sklearn.datasets import load_breast_cancer

data = load_breast_cancer()
malignant = data.target == 0  # scikit-learn calls benign 1
drawn = np.random.RandomState(36).choice(
    np.flatnonzero(malignant), 36, replace=False
)
rows = np.sort(np.concatenate([np.flatnonzero(~malignant), drawn]))
path = pathlib.Path(__file__).parents[1] / "inst/extdata/breast_cancer.csv"
with path.open("w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    names = [name.replace(" ", "_") for name in data.feature_names]
    writer.writerow([*names, "malignant"])
    for row in rows:
        writer.writerow(
            [f"{x:.6g}" for x in data.data[row]] + [int(malignant[row])]
        )
