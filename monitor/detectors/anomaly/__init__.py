"""Detectors of single rows that are unlike the reference."""
