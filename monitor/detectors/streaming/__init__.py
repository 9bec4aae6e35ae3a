"""Detectors that remember a stream and keep a run length."""
