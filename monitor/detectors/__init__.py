"""The table of detectors: each looks for one kind of trouble, and its name is its path."""

from collections.abc import Mapping

from monitor.core.detector import (
    ArrivalDetector,
    Detector,
    StreamDetector,
    TrafficDetector,
    UsageDetector,
)
from monitor.detectors.anomaly.row import Row
from monitor.detectors.drift.class_scores import ClassScores
from monitor.detectors.drift.concept import Concept
from monitor.detectors.drift.content import Content
from monitor.detectors.drift.multivariate import Multivariate
from monitor.detectors.drift.prediction import Prediction
from monitor.detectors.drift.univariate import Univariate
from monitor.detectors.estimation.fitted import Fitted
from monitor.detectors.performance.coverage import LabelCoverage
from monitor.detectors.performance.estimated import EstimatedPerformance
from monitor.detectors.performance.realized import RealizedPerformance
from monitor.detectors.quality.category import Category
from monitor.detectors.quality.constant import Constant
from monitor.detectors.quality.duplicate import Duplicate
from monitor.detectors.quality.freshness import Freshness, Lateness
from monitor.detectors.quality.missing import Missing
from monitor.detectors.quality.range import Range
from monitor.detectors.quality.schema import Schema
from monitor.detectors.quality.type import Type
from monitor.detectors.quality.volume import Volume
from monitor.detectors.resource.cost import Cost
from monitor.detectors.resource.cpu import Cpu
from monitor.detectors.resource.latency import Latency
from monitor.detectors.resource.memory import Memory
from monitor.detectors.resource.throughput import ErrorShare, Throughput
from monitor.detectors.streaming.table import STREAMING

FITTED = Fitted()
"""What references say is to be expected, learned once for all that ask."""

DETECTORS: tuple[Detector, ...] = (
    Schema(),
    Type(),
    Missing(),
    Range(),
    Category(),
    Duplicate(),
    Constant(),
    Freshness(),
    Row(),
    Univariate(),
    Content(),
    Multivariate(),
    Prediction(),
    ClassScores(),
    Concept(FITTED),
    EstimatedPerformance(FITTED),
    RealizedPerformance(),
    Latency(),
    Throughput(),
)
"""Those that compare a window with the reference, in the order in which they run."""

TRAFFIC: tuple[TrafficDetector, ...] = (Volume(), Lateness())
"""Those that compare a window's traffic with that of the windows before it."""

ARRIVALS: tuple[ArrivalDetector, ...] = (LabelCoverage(),)
"""Those that look at how long actuals take."""

USAGE: tuple[UsageDetector, ...] = (Memory(), Cpu(), Cost(), ErrorShare())
"""Those that look at samples of what serving takes."""

STREAMS: Mapping[str, type[StreamDetector]] = STREAMING
"""Those that remember the stream of losses, by method; the first is the default."""
