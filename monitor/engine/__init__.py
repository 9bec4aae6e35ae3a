"""Judges what detectors measure, groups what is wrong, and asks for a new model when it is time."""
