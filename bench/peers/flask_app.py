"""The peer that projects of this kind serve: Flask and a scikit-learn pipeline. Run by gunicorn with PIPELINE set."""
import os

import joblib
from flask import Flask, jsonify, request

app = Flask(__name__)
pipeline = joblib.load(os.environ["PIPELINE"])


@app.post("/predict")
def predict():
    probability = float(pipeline.predict_proba([request.get_json()["text"]])[0, 1])
    label = "positive" if probability > 0.5 else "negative"
    return jsonify(label=label, probability=probability, confidence=max(probability, 1 - probability))
