"""Logs what an MLflow model answers: one that was loaded here, or one that MLflow serves."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from watchkeeper.answers import answers_of
from watchkeeper.calls import Call
from watchkeeper.client import Client
from watchkeeper.columns import columns_of, rows_in
from watchkeeper.monitoring import DEFAULT_URL

_INNER, _SETTINGS = "model", "watchkeeper.json"


class Monitored:
    """Stands in for a model of `mlflow.pyfunc.load_model`: `predict` logs each row.

    Features are named by the data, else `x0`, `x1`, ... An answer with a `prediction`, and perhaps
    a `score`, is taken apart; any other is the prediction.
    Logging never waits and never changes the answer.
    """

    def __init__(self, model: Any, client: Client) -> None:
        self.model = model
        self.client = client

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What the model predicts for the rows of `data`, logged."""
        call = Call(self.client, "mlflow", lambda: columns_of(data), rows_in(data))
        answer = self.model.predict(data) if params is None else self.model.predict(data, params)
        call.answered(lambda: answers_of(answer, call.rows))
        return answer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in {"model", "client"}:
            raise AttributeError(name)  # half-made, as while it is copied
        return getattr(self.model, name)


def save_model(path: str | os.PathLike[str], model_uri: str, model: str, **settings: Any) -> None:
    """Save a model of MLflow anew as one that logs what it predicts, wherever it is served.

    `model_uri` is the model that predicts, `model` its name at the service; a `url` and a
    `version` may be among the settings. Where the new model runs, `WATCHKEEPER_URL` goes before
    `url`, and `WATCHKEEPER_API_KEY` is read: no key is ever saved. Other settings go to
    `mlflow.pyfunc.save_model`; by default signature and requirements are those of the model, with
    `watchkeeper` added to the requirements.
    """
    from mlflow import pyfunc  # noqa: PLC0415 - the client does without MLflow

    with _wrapped(model_uri, model, settings) as whole:
        pyfunc.save_model(os.fspath(path), **whole)


def log_model(name: str, model_uri: str, model: str, **settings: Any) -> Any:
    """As `save_model`, but into the run under way, with `mlflow.pyfunc.log_model`."""
    from mlflow import pyfunc  # noqa: PLC0415 - as above

    with _wrapped(model_uri, model, settings) as whole:
        return pyfunc.log_model(name=name, **whole)


@contextlib.contextmanager
def _wrapped(model_uri: str, model: str, settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What MLflow wants to know of a model that `_load_pyfunc` can load."""
    from mlflow import artifacts, models  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        found = Path(artifacts.download_artifacts(artifact_uri=model_uri))
        shutil.copytree(found, data / _INNER)
        ours = {"model": model, "url": settings.get("url"), "version": settings.get("version")}
        (data / _SETTINGS).write_text(json.dumps(ours))
        listed = found / "requirements.txt"
        needs = listed.read_text().splitlines() if listed.exists() else []
        yield {
            "loader_module": __name__,
            "data_path": str(data),
            "signature": models.get_model_info(str(found)).signature,
            "pip_requirements": [*needs, "watchkeeper"],
            **{name: value for name, value in settings.items() if name not in ours},
        }


def _load_pyfunc(path: str) -> Monitored:
    """The model in a folder that `save_model` has made; MLflow calls this by its name."""
    from mlflow import pyfunc  # noqa: PLC0415 - as above

    settings = json.loads((Path(path) / _SETTINGS).read_text())
    url = os.environ.get("WATCHKEEPER_URL") or settings["url"] or DEFAULT_URL
    client = Client(url, settings["model"], version=settings["version"])
    return Monitored(pyfunc.load_model(str(Path(path) / _INNER)), client)
