"""What a model takes and gives as tensors of the Open Inference Protocol."""

from collections.abc import Mapping, Sequence

from monitor.core.ports import Answer, Json
from monitor.core.spec import FeatureType, ModelSpec, Task

_TYPES: Mapping[FeatureType | None, str] = {
    FeatureType.NUMBER: "FP64",
    FeatureType.BOOLEAN: "BOOL",
    FeatureType.EMBEDDING: "FP64",
}
_TEXT = "BYTES"


def metadata(name: str, spec: ModelSpec, versions: Sequence[str]) -> Json:
    """The tensors of a model: one for each feature of its spec, and what it answers."""
    inputs = [
        {
            "name": feature,
            "datatype": _TYPES.get(one.type, _TEXT),
            "shape": [-1, -1] if one.type is FeatureType.EMBEDDING else [-1],
        }
        for feature, one in spec.features.items()
    ]
    number = "FP64" if spec.task is Task.REGRESSION else _TEXT
    outputs = [{"name": "prediction", "datatype": number, "shape": [-1]}]
    if spec.task is not Task.REGRESSION:
        shape = [-1, -1] if spec.task is Task.MULTICLASS else [-1]
        outputs.append({"name": "score", "datatype": "FP64", "shape": shape})
    outputs.append({"name": "prediction_id", "datatype": _TEXT, "shape": [-1]})
    return {
        "name": name,
        "versions": list(versions),
        "platform": "watchkeeper",
        "inputs": inputs,
        "outputs": outputs,
    }


def outputs(given: Sequence[Answer], ids: Sequence[str]) -> list[Json]:
    """Answers as tensors; the scores of several classes have their names as a parameter.

    >>> [o["data"] for o in outputs([Answer(1, 0.75, "3")], ["a"])]
    [[1], [0.75], ['a']]
    """
    found = [_tensor("prediction", [answer.prediction for answer in given])]
    scores = [answer.score for answer in given]
    if scores and isinstance(scores[0], Mapping):
        names = sorted({name for score in scores if isinstance(score, Mapping) for name in score})
        flat = [_of(score, name) for score in scores for name in names]
        wide = _tensor("score", flat) | {"shape": [len(given), len(names)]}
        found.append(wide | {"parameters": {"class_names": ",".join(names)}})
    elif scores and scores[0] is not None:
        found.append(_tensor("score", scores))
    return [*found, _tensor("prediction_id", list(ids))]


def _of(score: object, name: str) -> float:
    return float(score.get(name, 0.0)) if isinstance(score, Mapping) else 0.0


def _tensor(name: str, data: Sequence[object]) -> Json:
    if all(isinstance(value, int) for value in data):
        kind = "INT64"
    elif all(isinstance(value, int | float) for value in data):
        kind = "FP64"
    else:
        kind, data = _TEXT, [str(value) for value in data]
    return {"name": name, "datatype": kind, "shape": [len(data)], "data": list(data)}
