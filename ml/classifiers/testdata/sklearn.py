"""Writes sklearn.json: optima that scikit-learn's solvers reach on a small sparse problem. Run with the project's .venv:
.venv/bin/python ml/classifiers/testdata/sklearn.py
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(7)
rows, columns = 60, 25
X = (random.random((rows, columns)) < 0.25) * random.random((rows, columns))
X = np.round(X, 4).astype(np.float32).astype(float)
truth = random.normal(size=columns) * 2
y = (X @ truth + 0.7 + random.normal(size=rows) * 0.5 > 0).astype(int)
weight = np.round(random.random(rows) * 3, 3)


def objective(coef, intercept, C, penalty, sample_weight):
    z = X @ coef + intercept
    loss = np.sum(sample_weight * (np.logaddexp(0, z) - y * z))
    return float((0.5 * coef @ coef if penalty == "l2" else np.abs(coef).sum()) + C * loss)


cases = []
for penalty, C, weighted, class_weight in [
    ("l2", 1.0, False, None),
    ("l2", 0.01, False, None),
    ("l2", 100.0, False, None),
    ("l2", 3.0, True, None),
    ("l2", 1.0, False, "balanced"),
    ("l1", 1.0, False, None),
    ("l1", 10.0, True, None),
]:
    sample_weight = weight if weighted else np.ones(rows)
    # saga leaves the intercept without penalty, as lbfgs does; liblinear would penalise it.
    model = LogisticRegression(
        C=C,
        l1_ratio=1.0 if penalty == "l1" else 0.0,
        class_weight=class_weight,
        solver="saga" if penalty == "l1" else "lbfgs",
        tol=1e-12,
        max_iter=2_000_000,
    ).fit(X, y, sample_weight=sample_weight)
    full = sample_weight.copy()
    if class_weight == "balanced":
        full = full * np.where(y == 1, rows / (2 * y.sum()), rows / (2 * (rows - y.sum())))
    coef, intercept = model.coef_[0], float(model.intercept_[0])
    cases.append(
        {
            "penalty": penalty,
            "C": C,
            "weighted": weighted,
            "class_weight": class_weight or "none",
            "coef": coef.tolist(),
            "intercept": intercept,
            "objective": objective(coef, intercept, C, penalty, full),
        }
    )
out = {
    "source": f"scikit-learn {sklearn.__version__}",
    "x": X.tolist(),
    "y": y.tolist(),
    "weight": weight.tolist(),
    "cases": cases,
}
pathlib.Path(__file__).with_name("sklearn.json").write_text(json.dumps(out, indent=None) + "\n")
