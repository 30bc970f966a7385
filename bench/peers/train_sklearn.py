"""Vectorises (uni- and bigram TF-IDF) and fits logistic regression with scikit-learn; prints as JSON the processor time.

    train_sklearn.py TRAIN.jsonl TEST.jsonl MIN_DF C [FOLDER [SOLVER ...]]

Solvers are liblinear and lbfgs if none is named. An empty FOLDER is none. Reading the texts is not timed. FOLDER gets the training matrix as raw little-endian arrays (start.u32, columns.u32,
values.f32, labels.u8) for fitting the same one elsewhere.
"""
import json
import pathlib
import resource
import sys
import time
import warnings

import numpy as np
from reviews import read_reviews
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("ignore", ConvergenceWarning)


def objective(model, x, labels):
    """1/2 |w|^2 + C x sum of logistic losses, without a penalty on the intercept."""
    margins = x @ model.coef_[0] + model.intercept_[0]
    losses = np.logaddexp(0, np.where(labels == 1, -margins, margins))
    return float(0.5 * model.coef_[0] @ model.coef_[0] + model.C * losses.sum())


def main(train_path, test_path, min_df, c, folder=None, *names):
    texts, labels = read_reviews(train_path)
    test_texts, test_labels = read_reviews(test_path)
    labels = np.array(labels)

    began, began_at = time.process_time(), time.perf_counter()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=int(min_df))
    x = vectorizer.fit_transform(texts)
    vectorised = time.process_time() - began
    vectorised_wall = time.perf_counter() - began_at

    test_x = vectorizer.transform(test_texts)
    solvers = {}
    for solver in names or ("liblinear", "lbfgs"):
        began, began_at = time.process_time(), time.perf_counter()
        model = LogisticRegression(C=float(c), solver=solver).fit(x, labels)
        seconds = time.process_time() - began
        wall_seconds = vectorised_wall + time.perf_counter() - began_at
        solvers[solver] = {
            "seconds": seconds,
            "wallSeconds": wall_seconds,
            "objective": objective(model, x, labels),
            "accuracy": float((model.predict(test_x) == test_labels).mean()),
        }
    if folder:
        write_matrix(pathlib.Path(folder), x, labels)
    result = {
        "vectoriseSeconds": vectorised,
        "solvers": solvers,
        "columns": x.shape[1],
        "nonZeros": int(x.nnz),
        "rssMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(result))


def write_matrix(folder, x, labels):
    folder.mkdir(parents=True, exist_ok=True)
    x.indptr.astype("<u4").tofile(folder / "start.u32")
    x.indices.astype("<u4").tofile(folder / "columns.u32")
    x.data.astype("<f4").tofile(folder / "values.f32")
    labels.astype("u1").tofile(folder / "labels.u8")


main(*sys.argv[1:])
