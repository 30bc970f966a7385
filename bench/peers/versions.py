"""Prints the versions of the peers as JSON."""
import json
import platform
from importlib.metadata import version

names = ("scikit-learn", "numpy", "scipy", "flask", "gunicorn")
print(json.dumps({"python": platform.python_version(), **{name: version(name) for name in names}}))
