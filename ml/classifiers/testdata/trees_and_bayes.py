"""Writes trees_and_bayes.json: what XGBoost and scikit-learn reach on the matrix of matrix.ts, made here from the same numbers.

pip install xgboost scikit-learn (versions: trees_and_bayes.json); python trees_and_bayes.py
"""
import json
from pathlib import Path
import numpy as np, scipy.sparse as sp, sklearn, xgboost
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import MultinomialNB

ROWS, COLUMNS, WORDS, SEED = 3000, 400, 20, 7


def mulberry32(seed):
    state = seed
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        mixed = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        mixed ^= (mixed + ((mixed ^ (mixed >> 7)) * (mixed | 61))) & 0xFFFFFFFF
        yield ((mixed ^ (mixed >> 14)) & 0xFFFFFFFF) / 4294967296


def make():
    draw = mulberry32(SEED).__next__
    opinion = [draw() * 2 - 1 for _ in range(COLUMNS)]
    x = np.zeros((ROWS, COLUMNS), np.float32)
    y = np.zeros(ROWS, np.uint8)
    for i in range(ROWS):
        score = 0.0
        for _ in range(WORDS):
            u = draw()
            j = int(u * u * COLUMNS)
            x[i, j] += 1
            score += opinion[j]
        y[i] = 1 if score + 3 * (draw() - 0.5) > 0 else 0
    return sp.csr_matrix(x), y


x, y = make()
train, test = slice(0, 2000), slice(2000, ROWS)
boosted = xgboost.XGBClassifier(
    n_estimators=100, learning_rate=0.3, max_depth=6, tree_method="hist", max_bin=64, n_jobs=1
).fit(x[train], y[train])
forests = [RandomForestClassifier(200, random_state=seed, n_jobs=1).fit(x[train], y[train]) for seed in range(5)]
bayes = MultinomialNB(alpha=1).fit(x[train], y[train])
accuracy = lambda model: float((model.predict(x[test]) == y[test]).mean())
Path(__file__).with_name("trees_and_bayes.json").write_text(
    json.dumps(
        {
            "versions": {"xgboost": xgboost.__version__, "scikit-learn": sklearn.__version__},
            "positives": int(y.sum()),
            "entries": int(x.nnz),
            "gradient_boosting": accuracy(boosted),
            "random_forest": sum(map(accuracy, forests)) / len(forests),
            "multinomial_naive_bayes": [float(p) for p in bayes.predict_proba(x[test])[:10, 1]],
        },
        indent=2,
    )
    + "\n"
)
