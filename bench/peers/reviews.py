"""Reads the bench's files of labelled texts: one JSON object with `label` and `text` a line."""
import json
import pathlib


def read_reviews(path):
    reviews = [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]
    return [review["text"] for review in reviews], [review["label"] for review in reviews]
