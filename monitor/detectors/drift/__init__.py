"""Detectors of change: of what comes in, of what the model answers, of how the two relate."""
