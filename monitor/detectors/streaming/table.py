"""The streaming detectors by method: what each sees, and how it is guarded."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from math import inf
from typing import Any, ClassVar, Self

from river.drift import ADWIN, PageHinkley
from river.drift.binary import DDM, HDDMA

from monitor.detectors.streaming.conformal import Conformal
from monitor.detectors.streaming.cores import Core
from monitor.detectors.streaming.guarded import Guarded
from monitor.detectors.streaming.rising import Rising
from monitor.detectors.streaming.river_cores import RiverCore
from monitor.detectors.streaming.run_lengths import setting


class MixtureRising(Guarded):
    """Mixture e-SR: the mean of a loss rose above the baseline, see `Rising`.

    Value    levels are means of the loss: up to the last 50 values, and of those 50.
    Needs    values of 0 or more; the first 250 decide on the guard.
    Noise    with a baseline that holds at most one alarm in `run_length` independent values,
             proven; self-starting about as many, measured.
    Source   `rising.py`.
    """

    method: ClassVar[str] = "mixture"

    def _made(self, run_length: float) -> Core:
        return Rising(run_length, self.baseline)


class ConformalChange(Guarded):
    """Conformal Shiryaev-Roberts: numbers lie elsewhere, or spread otherwise, see `Conformal`.

    Value    levels are means: up to the last 50 values, and of those 50. Both directions alarm.
    Needs    finite values of any unit.
    Noise    at most one alarm in `run_length` independent values, whatever their distribution,
             as measured.
    Source   `conformal.py`.
    """

    method: ClassVar[str] = "conformal"
    low: ClassVar[float] = -inf
    rising_only: ClassVar[bool] = False

    def _made(self, run_length: float) -> Core:
        return Conformal(run_length)


class OfRiver(Guarded):
    """A detector of River, set by a run length through the measured table.

    Value    levels are means of the loss: up to the last 50 values, and of those 50.
    Needs    values between 0 and 1: the table was measured on errors.
    Noise    about one alarm in `run_length` unchanged independent values.
    """

    high: ClassVar[float] = 1.0
    bounded: ClassVar[bool] = True
    _fixed: float | None = None

    @classmethod
    def set_to(cls, value: float) -> Self:
        """The detector with River's own setting; its run length is what comes out."""
        detector = cls()
        detector._fixed = value
        detector._core = detector._made(detector.run_length)
        return detector

    def _made(self, run_length: float) -> Core:
        value = setting(self.method, run_length) if self._fixed is None else self._fixed
        return RiverCore(partial(self._river, value))

    @staticmethod
    @abstractmethod
    def _river(value: float) -> Any:
        """The detector of River as it begins."""


class AdwinRising(OfRiver):
    """ADWIN: two parts of all values since its last alarm have different means.

    Source   A. Bifet, R. Gavalda, SIAM Int. Conf. Data Mining (2007) 443; River.
    """

    method: ClassVar[str] = "adwin"

    @staticmethod
    def _river(value: float) -> Any:
        return ADWIN(delta=value, clock=1)  # type: ignore[no-untyped-call]  # River has no types


class PageHinkleyRising(OfRiver):
    """Page-Hinkley: sums how far values lie above their mean.

    Source   E. S. Page, Biometrika 41 (1954) 100; River.
    """

    method: ClassVar[str] = "page_hinkley"

    @staticmethod
    def _river(value: float) -> Any:
        return PageHinkley(mode="up", threshold=value)


class DdmRising(OfRiver):
    """DDM: the error rate lies so many deviations above its lowest.

    Source   J. Gama et al., SBIA (2004) 286; River.
    """

    method: ClassVar[str] = "ddm"

    @staticmethod
    def _river(value: float) -> Any:
        return DDM(drift_threshold=value)


class HddmRising(OfRiver):
    """HDDM: Hoeffding's bound on the mean of all values against that of the best beginning.

    Source   I. Frias-Blanco et al., IEEE Trans. Knowl. Data Eng. 27 (2015) 810; River.
    """

    method: ClassVar[str] = "hddm"

    @staticmethod
    def _river(value: float) -> Any:
        return HDDMA(drift_confidence=value, warning_confidence=min(0.5, value * 5))  # type: ignore[no-untyped-call]  # as above


RIVER: Mapping[str, type[OfRiver]] = {
    kind.method: kind for kind in (AdwinRising, PageHinkleyRising, DdmRising, HddmRising)
}
"""Those of River, by method."""

STREAMING: Mapping[str, type[Guarded]] = {
    MixtureRising.method: MixtureRising,
    ConformalChange.method: ConformalChange,
    **RIVER,
}
"""All streaming detectors, by method; the first is the default for losses."""
