"""From an experiment to an artefact: the snapshot, the package, its checks."""
