"""Runs exported scripts as a user would: torch_models.py FOLDER ... ; each FOLDER has model.py,
weights.safetensors and inputs.f32; outputs.f32 and classes.json are written there."""
import importlib.util
import json
import os
import sys


def run(folder):
    path = os.path.join(folder, "model.py")
    spec = importlib.util.spec_from_file_location("model", path)
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    sys.argv = [path, os.path.join(folder, "inputs.f32"), os.path.join(folder, "outputs.f32")]
    model.main()
    with open(os.path.join(folder, "classes.json"), "w") as file:
        json.dump(getattr(model, "CLASSES", []), file)


for name in sys.argv[1:]:
    run(name)
