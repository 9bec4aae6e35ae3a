"""Real MLflow models answer as before, and each row is logged."""

import json
import subprocess

import pytest
from adapters.collector import Collector
from adapters.conftest import environment

PROGRAM = """
import json, logging, sys, warnings

warnings.simplefilter("ignore")  # of MLflow, about itself
import numpy as np
import pandas as pd
import mlflow
from mlflow import pyfunc
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
import watchkeeper
import watchkeeper.mlflow

logging.disable()
url, folder = sys.argv[1:]


class Twice(pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        if "broken" in (params or {}):
            raise ValueError("no such model")
        return np.asarray(model_input["age"]) * 2


class Changing(pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        ages = model_input["age"].to_numpy(copy=True)
        model_input.loc[:, "age"] = -1.0
        return pd.DataFrame({"prediction": ages > 1, "score": ages / 10, "more": 0})


class Loose(pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [float(np.sum(row)) for row in model_input]


schema = Schema([ColSpec("double", "age"), ColSpec("double", "income")])
signature = ModelSignature(inputs=schema)
for kind, sign in (Twice, signature), (Changing, signature), (Loose, None):
    pyfunc.save_model(
        f"{folder}/{kind.__name__}", python_model=kind(), signature=sign, pip_requirements=["numpy"]
    )
frame = pd.DataFrame({"age": [1.0, 2.0], "income": [3.0, 4.0]}, index=["a", "b"])
asked = {
    "frame": ("Twice", frame),
    "one row": ("Twice", frame[:1]),
    "rows": ("Twice", frame.to_dict("records")),
    "columns": ("Twice", {"age": np.array([1.0, 2.0]), "income": np.array([3.0, 4.0])}),
    "many": ("Twice", pd.concat([frame] * 20)),
    "changing": ("Changing", frame.copy()),
    "loose": ("Loose", np.arange(6.0).reshape(3, 2)),
    "unreadable": ("Loose", np.ones((2, 2, 2))),
}
told = {}
for name, (model, data) in asked.items():
    plain = pyfunc.load_model(f"{folder}/{model}")
    alone = plain.predict(data.copy() if hasattr(data, "copy") else data)
    with watchkeeper.Client(url, "loans", version=name, spool_dir=f"{folder}/spool") as client:
        model = watchkeeper.mlflow.Monitored(plain, client)
        answer = model.predict(data)
        assert model.metadata is plain.metadata
    same = type(answer) is type(alone) and np.array_equal(answer, alone)
    told[name] = {"same": bool(same), "dropped": client.counters.dropped}
    if name == "frame":
        try:
            model.predict(frame[["income"]])
        except Exception as error:
            told["error"] = [type(error).__name__, client.counters.dropped]

settings = {"model": "loans", "url": url, "version": "saved"}
watchkeeper.mlflow.save_model(f"{folder}/again", f"{folder}/Twice", **settings)
again = pyfunc.load_model(f"{folder}/again")
told["saved"] = {
    "same": again.predict(frame).tolist() == [2.0, 4.0],
    "signature": again.metadata.signature == signature,
    "requirements": open(f"{folder}/again/requirements.txt").read().split(),
}
mlflow.set_tracking_uri(f"file:{folder}/runs")
with mlflow.start_run():
    settings["version"] = "logged"
    info = watchkeeper.mlflow.log_model("loans", f"{folder}/Twice", **settings)
told["logged"] = {"same": pyfunc.load_model(info.model_uri).predict(frame).tolist() == [2.0, 4.0]}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def done(frameworks, tmp_path_factory):
    """What the program said, and the rows that arrived, by the version that it gave them."""
    collector, folder = Collector(), tmp_path_factory.mktemp("mlflow")
    made = environment(
        WATCHKEEPER_SPOOL_DIR=str(folder / "spool"),
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_ALLOW_FILE_STORE="true",
    )
    command = [frameworks, "-c", PROGRAM, collector.url, folder]
    run = subprocess.run(
        command, check=False, capture_output=True, text=True, env=made, cwd=folder, timeout=300
    )
    collector.close()
    assert run.returncode == 0, run.stderr
    rows = {}
    for row in collector.predictions.values():
        rows.setdefault(row["version"], []).append((row["features"], row["prediction"], row))
    return json.loads(run.stdout.splitlines()[-1]), rows


ONE = ({"age": 1.0, "income": 3.0}, 2.0)
TWO = ({"age": 2.0, "income": 4.0}, 4.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("frame", [ONE, TWO]),
        ("one row", [ONE]),
        ("rows", [ONE, TWO]),
        ("columns", [ONE, TWO]),
        ("many", [ONE, TWO] * 20),
        ("changing", [(ONE[0], False), (TWO[0], True)]),
        ("loose", [({"x0": 2.0 * i, "x1": 2.0 * i + 1}, 4.0 * i + 1) for i in range(3)]),
    ],
)
def test_rows_of_every_shape_are_answered_as_before_and_logged(done, name, expected):
    told, rows = done

    assert told[name] == {"same": True, "dropped": 0}
    assert [(features, prediction) for features, prediction, _ in rows[name]] == expected


def test_an_answer_with_a_score_is_taken_apart(done):
    assert [row["score"] for _, _, row in done[1]["changing"]] == [0.1, 0.2]


def test_what_cannot_be_read_is_answered_and_counted(done):
    assert done[0]["unreadable"] == {"same": True, "dropped": 2}


def test_an_error_of_the_model_passes_and_is_no_prediction(done):
    name, dropped = done[0]["error"]

    assert (name, dropped) == ("MlflowException", 0)


@pytest.mark.parametrize("kind", ["saved", "logged"])
def test_a_model_that_is_saved_anew_logs_wherever_it_is_loaded(done, kind):
    told, rows = done

    assert told[kind]["same"]
    assert [(features, prediction) for features, prediction, _ in rows[kind]] == [ONE, TWO]


def test_a_model_that_is_saved_anew_keeps_its_signature_and_what_it_needs(done):
    told = done[0]["saved"]

    assert told["signature"]
    assert {"numpy", "watchkeeper"} <= set(told["requirements"])
