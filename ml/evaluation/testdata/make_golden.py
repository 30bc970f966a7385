"""Writes golden.json: what scikit-learn and SciPy say of a few small sets of scored texts.

    python ml/evaluation/testdata/make_golden.py > ml/evaluation/testdata/golden.json

needs scikit-learn, SciPy and NumPy (requirements.txt brings them along with MLflow).
"""

import json
import platform

import numpy as np
import scipy
import sklearn
from scipy.stats import binomtest
from sklearn import metrics
from sklearn.calibration import calibration_curve

BINS = 10


def bins_of(outcome, probability):
    observed, predicted = calibration_curve(outcome, probability, n_bins=BINS)
    edges = np.linspace(0, 1, BINS + 1)
    count = np.bincount(np.searchsorted(edges[1:-1], probability), minlength=BINS)
    count = count[count > 0]
    error = float(np.sum(count * np.abs(observed - predicted)) / len(probability))
    rows = [{"predicted": p, "observed": o, "count": int(c)} for p, o, c in zip(predicted, observed, count)]
    return rows, error


def delong_se(y, p):
    """DeLong, DeLong & Clarke-Pearson 1988, from the definition."""
    above = p[y == 1][:, None], p[y == 0][None, :]
    wins = (above[0] > above[1]) + 0.5 * (above[0] == above[1])
    per_positive, per_negative = wins.mean(axis=1), wins.mean(axis=0)
    return float(np.sqrt(per_positive.var(ddof=1) / len(per_positive) + per_negative.var(ddof=1) / len(per_negative)))


def case(name, y, p, curves=True):
    y, p = np.asarray(y), np.asarray(p, dtype=float)
    predicted = (p > 0.5).astype(int)
    fpr, tpr, roc_thresholds = metrics.roc_curve(y, p, drop_intermediate=False)
    precision, recall, pr_thresholds = metrics.precision_recall_curve(y, p, drop_intermediate=False)
    positive_bins, ece_positive = bins_of(y, p)
    confidence_bins, ece = bins_of((predicted == y).astype(int), np.maximum(p, 1 - p))
    tn, fp, fn, tp = metrics.confusion_matrix(y, predicted).ravel()
    score = lambda function, **kw: float(function(y, predicted, zero_division=0, **kw))
    result = {
        "name": name,
        "labels": y.tolist(),
        "probabilities": p.tolist(),
        "outcomes": {
            "trueNegatives": int(tn),
            "falsePositives": int(fp),
            "falseNegatives": int(fn),
            "truePositives": int(tp),
        },
        "measures": {
            "accuracy": float(metrics.accuracy_score(y, predicted)),
            "precision": score(metrics.precision_score),
            "recall": score(metrics.recall_score),
            "f1": score(metrics.f1_score),
            "precision_macro": score(metrics.precision_score, average="macro"),
            "recall_macro": score(metrics.recall_score, average="macro"),
            "f1_macro": score(metrics.f1_score, average="macro"),
            "mcc": float(metrics.matthews_corrcoef(y, predicted)),
            "roc_auc": float(metrics.roc_auc_score(y, p)),
            "average_precision": float(metrics.average_precision_score(y, p)),
            "log_loss": float(metrics.log_loss(y, p)),
            "brier": float(metrics.brier_score_loss(y, p)),
            "ece": ece,
            "ece_positive": ece_positive,
        },
        "positive_bins": positive_bins,
        "confidence_bins": confidence_bins,
        "roc_auc_se_delong": delong_se(y, p),
    }
    if curves:
        result["roc"] = [
            {"fpr": f, "tpr": t, "threshold": None if np.isinf(h) else h} for f, t, h in zip(fpr, tpr, roc_thresholds)
        ]
        # scikit-learn lists the curve from the lowest threshold and ends with recall 0 and no threshold.
        result["precision_recall"] = [
            {"recall": r, "precision": q, "threshold": h}
            for q, r, h in zip(precision, recall, [*pr_thresholds, None])
        ][::-1]
    return result


def noisy(seed, size, digits):
    rng = np.random.default_rng(seed)
    z = rng.normal(0.2, 2, size)
    y = (rng.random(size) < 1 / (1 + np.exp(-z))).astype(int)
    p = 1 / (1 + np.exp(-(0.8 * z + rng.normal(0, 0.7, size))))
    return y, np.round(p, digits)


mcnemar = []
for first, second in [(0, 0), (1, 0), (0, 5), (10, 10), (9, 11), (20, 5), (120, 161), (161, 120), (900, 1100), (4000, 4200), (3000, 6000)]:
    n = first + second
    test = lambda k, side: float(binomtest(k, n, 0.5, alternative=side).pvalue) if n else 1.0
    mcnemar.append(
        {
            "onlyFirstRight": first,
            "onlySecondRight": second,
            "twoSided": test(first, "two-sided"),
            "firstBetter": test(first, "greater"),
            "secondBetter": test(second, "greater"),
        }
    )

print(
    json.dumps(
        {
            "source": "scikit-learn {}, SciPy {}, NumPy {}, Python {}: testdata/make_golden.py".format(
                sklearn.__version__, scipy.__version__, np.__version__, platform.python_version()
            ),
            "bins": BINS,
            "cases": [
                case("ten texts by hand", [1, 1, 0, 1, 0, 1, 0, 0, 1, 0], [0.95, 0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.3, 0.2, 0.1]),
                case("many ties, on the edges of the bins", *noisy(1, 300, 1)),
                case("few ties", *noisy(2, 200, 4)),
                case("certain and wrong: probabilities of 0 and 1", [1, 0, 1, 0, 1, 0], [0, 1, 1, 0, 0.5, 0.5]),
                case("nothing called positive", [1, 0, 0, 1, 0], [0.4, 0.3, 0.2, 0.1, 0.5]),
                case("everything called positive, all alike", [1, 0, 0, 1], [0.75, 0.75, 0.75, 0.75]),
                case("perfect", [1, 1, 0, 0], [0.9, 0.8, 0.3, 0.2]),
                case("two thousand texts", *noisy(3, 2000, 5), curves=False),
            ],
            "mcnemar": mcnemar,
        },
    )
)
