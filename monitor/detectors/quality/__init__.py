"""Detectors of bad data: what is wrong with values, whatever their distribution."""
