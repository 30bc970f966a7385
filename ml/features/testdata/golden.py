"""Writes sklearn.json: what scikit-learn's vectorizers make of a few sentences. Run with the project's .venv:
.venv/bin/python ml/features/testdata/golden.py
"""
import json
import pathlib

import sklearn
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

TEXTS = [
    "the film is good and the cast is good",
    "a dull film with a dull plot",
    "good plot good cast good film",
    "an uneven but warm and funny story",
    "the story is warm and the plot is thin",
    "dull dull dull",
    "x",
    "funny and sad and funny and sad",
]
UNSEEN = ["a warm and good story with nothing new", "zzz", "the the the film"]
WORD = r"(?u)\b\w+\b"

CASES = {
    "word_uni_bi_tfidf": TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True),
    "word_raw_idf": TfidfVectorizer(token_pattern=WORD, smooth_idf=False, norm="l1"),
    "word_counts": CountVectorizer(token_pattern=WORD, ngram_range=(1, 3), min_df=2),
    "word_binary": CountVectorizer(token_pattern=WORD, binary=True, min_df=2, max_df=0.5),
    "char_wb": TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2),
    "char_wb_two": CountVectorizer(analyzer="char_wb", ngram_range=(2, 6)),
}


def rows(vectorizer, matrix):
    names = vectorizer.get_feature_names_out()
    out = []
    for i in range(matrix.shape[0]):
        row = matrix.getrow(i)
        out.append({names[j]: float(v) for j, v in zip(row.indices, row.data)})
    return out


cases = {}
for name, vectorizer in CASES.items():
    train = vectorizer.fit_transform(TEXTS)
    cases[name] = {"train": rows(vectorizer, train), "unseen": rows(vectorizer, vectorizer.transform(UNSEEN))}
out = {"source": f"scikit-learn {sklearn.__version__}", "texts": TEXTS, "unseen": UNSEEN, "cases": cases}
path = pathlib.Path(__file__).with_name("sklearn.json")
path.write_text(json.dumps(out, indent=1, sort_keys=True) + "\n")
