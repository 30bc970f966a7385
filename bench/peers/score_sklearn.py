"""Scores texts with a kept scikit-learn pipeline for a while, and prints the speed of each pass (a second of processor time) as JSON.

    score_sklearn.py PIPELINE.joblib TEXTS.jsonl SECONDS

The first pass warms up and is not counted.
"""
import json
import resource
import sys
import time

import joblib
from reviews import read_reviews

pipeline = joblib.load(sys.argv[1])
texts, labels = read_reviews(sys.argv[2])
right = int((pipeline.predict(texts) == labels).sum())
speeds = []
deadline = time.perf_counter() + float(sys.argv[3])
while not speeds or time.perf_counter() < deadline:
    began = time.process_time()
    pipeline.predict(texts)
    speeds.append(len(texts) / (time.process_time() - began))
result = {
    "textsPerSecond": speeds,
    "accuracy": right / len(texts),
    "rssMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}
print(json.dumps(result))
