"""Writes multinomial.json: optima that scikit-learn's lbfgs reaches for three and four classes on the matrix of
sklearn.json. Run with the project's .venv: .venv/bin/python -P ml/classifiers/testdata/multinomial.py (-P, because a file here has the name of the package)
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

here = pathlib.Path(__file__).parent
shared = json.loads((here / "sklearn.json").read_text())
X = np.array(shared["x"])
weight = np.array(shared["weight"])
random = np.random.default_rng(11)


def objective(coef, intercept, C, y, sample_weight):
    z = X @ coef.T + intercept
    loss = np.logaddexp.reduce(z, axis=1) - z[np.arange(len(y)), y]
    return float(0.5 * (coef**2).sum() + C * (sample_weight * loss).sum())


cases = []
for classes, C, weighted, class_weight in [
    (3, 1.0, False, None),
    (3, 0.01, False, None),
    (3, 100.0, False, None),
    (4, 3.0, True, None),
    (3, 1.0, False, "balanced"),
]:
    truth = random.normal(size=(X.shape[1], classes)) * 2
    y = (X @ truth + random.normal(size=(len(X), classes)) * 0.5).argmax(axis=1)
    sample_weight = weight if weighted else np.ones(len(X))
    model = LogisticRegression(C=C, class_weight=class_weight, tol=1e-12, max_iter=1_000_000).fit(
        X, y, sample_weight=sample_weight
    )
    full = sample_weight * (len(y) / (classes * np.bincount(y)))[y] if class_weight else sample_weight
    cases.append(
        {
            "classes": classes,
            "C": C,
            "y": y.tolist(),
            "weight": full.tolist(),
            "coef": model.coef_.tolist(),
            "intercept": model.intercept_.tolist(),
            "objective": objective(model.coef_, model.intercept_, C, y, full),
            "probabilities": model.predict_proba(X[:5]).tolist(),
        }
    )
out = {"source": f"scikit-learn {sklearn.__version__}", "cases": cases}
(here / "multinomial.json").write_text(json.dumps(out) + "\n")
