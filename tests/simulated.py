"""A model that is wrong about an interaction, and rows whose features shift: known truth."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample

Floats = npt.NDArray[np.float64]
SPEC = ModelSpec(Task.BINARY)
_SHIFTED = np.array([0.3, 0.0, 1.0, 0.4])
"""Standard deviations that each feature moves at strength 1."""
_REGIONS = np.array(["north", "east", "south", "west"], object)


@dataclass(frozen=True)
class World:
    """A fitted model, and what draws rows for it to answer."""

    model: LogisticRegression

    @classmethod
    def of(cls, seed: int) -> "World":
        """A logistic regression, which knows no interactions, on 5,000 rows."""
        rng = np.random.default_rng(seed)
        x, region = _features(rng, 5_000, 0.0)
        y = rng.random(5_000) < _truth(x, region, 0.0)
        return cls(LogisticRegression().fit(x, y))

    def sample(
        self, rows: int, shift: float, seed: int, concept: float = 0.0, flat: bool = False
    ) -> Sample:
        """Labelled rows: features moved by `shift`, and the truth turned by `concept`.

        With `flat` the score is calibrated nowhere: the square of the probability.
        """
        rng = np.random.default_rng(seed)
        x, region = _features(rng, rows, shift)
        y = rng.random(rows) < _truth(x, region, concept)
        score = self.model.predict_proba(x)[:, 1]
        return Sample(
            total=rows,
            prediction_ids=range(rows),  # type: ignore[arg-type]  # only their number counts
            numbers={f"x{k}": x[:, k] for k in range(4)},
            labels={"region": _REGIONS[region]},
            prediction=np.where(score > 0.5, "1", "0").astype(object),
            score=score * score if flat else score,
            actual=np.where(y, "1", "0").astype(object),
        )


def _features(
    rng: np.random.Generator, rows: int, shift: float
) -> tuple[Floats, npt.NDArray[np.int64]]:
    return rng.normal(size=(rows, 4)) + shift * _SHIFTED, rng.integers(0, 4, rows)


def _truth(x: Floats, region: npt.NDArray[np.int64], concept: float) -> Floats:
    """Chance of a positive row; the concept weakens the first feature and moves the rest."""
    place = (1 - concept) * 1.5 * x[:, 0] - x[:, 1] + 0.5 * (region - 1.5) + 0.4 * concept
    place = place - 0.8 * x[:, 0] * np.tanh(x[:, 2]) - 0.5 * np.maximum(0, x[:, 2])
    return np.asarray(1 / (1 + np.exp(-place)), np.float64)
