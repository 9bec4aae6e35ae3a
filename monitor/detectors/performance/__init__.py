"""Detectors of how good the answers are."""
