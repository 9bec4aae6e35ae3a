"""Rows by segment: which of them share the values of chosen features.

A segment is named by its values: `gender=Female`, or `gender=Female, region=north` of a pair. Of
numbers the stretches between quartiles of the reference are the values.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.core.profile import Bins
from monitor.core.spec import FeatureType
from monitor.store.batches import Batch
from monitor.store.layout import ModelTable
from monitor.store.tally import Column, Ints, numbers

MOST, FEWEST = 12, 30
"""Segments of one feature or pair: the most frequent of the reference, each with so many rows."""
_FEW_VALUES = 12
_Names = npt.NDArray[np.object_]


def divided(
    table: ModelTable, batch: Batch, bins: Mapping[int, Bins], known: Collection[str]
) -> Iterator[tuple[str, Batch]]:
    """The rows of each known segment that has any."""
    for names in _named(table, batch, bins):
        for name in sorted({*names.tolist()} & {*known}):
            yield name, batch.at(np.flatnonzero(names == name))


def frequent(table: ModelTable, batch: Batch, bins: Mapping[int, Bins]) -> list[str]:
    """The names of the segments of a reference that are large enough to be compared."""
    found: list[str] = []
    for names in _named(table, batch, bins):
        held, counts = np.unique(names[names != ""].astype(str), return_counts=True)
        order = np.lexsort((held, -counts))
        found += islice((str(held[i]) for i in order if counts[i] >= FEWEST), MOST)
    return found


def _named(table: ModelTable, batch: Batch, bins: Mapping[int, Bins]) -> Iterator[_Names]:
    """For each feature or pair the segment of each row, shape (rows,), "" where it has none."""
    for features in table.spec.segment_features:
        held = [table.columns[f].number for f in features if f in table.columns]
        if len(held) == len(features) and all(number in batch.columns for number in held):
            parts = [
                _values(name, batch.columns[number], bins.get(number))
                for name, number in zip(features, held, strict=True)
            ]
            yield _joined(parts)


def _joined(parts: list[_Names]) -> _Names:
    if len(parts) == 1:
        return parts[0]
    whole = np.all([part != "" for part in parts], axis=0)
    rows = zip(*(part[whole].tolist() for part in parts), strict=True)
    found = np.full(len(whole), "", object)
    found[whole] = [", ".join(row) for row in rows]
    return found


def _values(feature: str, column: Column, bins: Bins | None) -> _Names:
    if column.type in {FeatureType.CATEGORY, FeatureType.BOOLEAN}:
        texts = column.values.cast(pa.string()).dictionary_encode()
        names = [f"{feature}={value}" for value in texts.dictionary.to_pylist()]
        codes = pc.fill_null(texts.indices, len(names)).to_numpy(zero_copy_only=False)
        return np.array([*names, ""], object)[np.asarray(codes, np.int64)]
    if column.type is not FeatureType.NUMBER or bins is None or not len(bins.edges):
        return np.full(len(column.values), "", object)
    return _stretches(feature, numbers(column.values), bins)


def _stretches(feature: str, values: npt.NDArray[np.float64], bins: Bins) -> _Names:
    """Each of few values by itself; many by the quartiles that the bins stand for."""
    edges = bins.edges[:-1]
    if len(edges) <= _FEW_VALUES:
        names = [f"{feature}={edge:g}" for edge in edges]
        place = np.searchsorted(edges, values)
        held = np.isin(values, edges)
    else:
        cuts = edges[[len(edges) * k // 4 for k in (1, 2, 3)]]
        inner = [f"{a:.4g}<={feature}<{b:.4g}" for a, b in pairwise(cuts)]
        names = [f"{feature}<{cuts[0]:.4g}", *inner, f"{feature}>={cuts[-1]:.4g}"]
        place = np.searchsorted(cuts, values, side="right")
        held = np.isfinite(values)
    places: Ints = np.where(held, place, len(names))
    return np.array([*names, ""], object)[places]
