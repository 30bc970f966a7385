"""Writes confident_learning.json beside it: what cleanlab 2.9.0 (Northcutt et al.) makes of random labels and probabilities.

pip install cleanlab==2.9.0 && python make_confident_learning.py
"""

import json
from pathlib import Path

import numpy as np
from cleanlab.count import compute_confident_joint, estimate_joint
from cleanlab.filter import find_label_issues

cases = []
for classes, count, seed in [(2, 80, 1), (3, 120, 2)]:
    random = np.random.default_rng(seed)
    true = random.integers(classes, size=count)
    sharpness = np.where(np.eye(classes)[true] == 1, 3.0, 1.0)
    probabilities = np.array([random.dirichlet(alpha) for alpha in sharpness]).round(4)
    probabilities[:, -1] = (1 - probabilities[:, :-1].sum(axis=1)).round(4)
    flipped = random.random(count) < 0.2
    labels = np.where(flipped, (true + random.integers(1, classes, size=count)) % classes, true)
    joint = compute_confident_joint(labels, probabilities, calibrate=False)
    issues = find_label_issues(
        labels, probabilities, filter_by="confident_learning", return_indices_ranked_by="normalized_margin", n_jobs=1
    )
    calibrated = estimate_joint(labels, probabilities, confident_joint=joint)
    cases.append(
        {
            "classes": classes,
            "labels": labels.tolist(),
            "probabilities": probabilities.ravel().tolist(),
            "confident_joint": joint.tolist(),
            "noise": float(1 - np.trace(calibrated)),
            "issues": [int(i) for i in issues],
        }
    )
Path(__file__).with_name("confident_learning.json").write_text(json.dumps(cases))
