"""Trains the scikit-learn pipelines that the bench scores and serves, and keeps them with joblib. Prints JSON.

    fit_pipeline.py TRAIN.jsonl words|words+chars OUT.joblib

`words` is what projects of this kind ship at best: uni- and bigram TF-IDF. `words+chars` has the features of params.yaml.
"""
import json
import sys

import joblib
from reviews import read_reviews
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline

texts, labels = read_reviews(sys.argv[1])
words = TfidfVectorizer(ngram_range=(1, 2))
features = {
    "words": words,
    "words+chars": FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
            ("chars", TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 6), min_df=2, sublinear_tf=True)),
        ]
    ),
}[sys.argv[2]]
pipeline = make_pipeline(features, LogisticRegression(C=5, solver="liblinear")).fit(texts, labels)
joblib.dump(pipeline, sys.argv[3])
print(json.dumps({"columns": pipeline[-1].coef_.shape[1]}))
