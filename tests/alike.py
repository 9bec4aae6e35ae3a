"""Whether two values are the same to the last bit: 0, 0.0, -0.0 and False are four."""

import math


def alike(one: object, other: object) -> bool:
    """Equal in type and value, at every depth; NaN is like NaN."""
    if type(one) is not type(other):
        return False
    match one, other:
        case float(), float():
            if math.isnan(one) or math.isnan(other):
                return math.isnan(one) and math.isnan(other)
            return one == other and math.copysign(1, one) == math.copysign(1, other)
        case list(), list():
            return len(one) == len(other) and all(map(alike, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(alike(one[k], other[k]) for k in one)
    return one == other
