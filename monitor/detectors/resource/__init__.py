"""Detectors of the serving side: how long answers take, and how many there are."""
