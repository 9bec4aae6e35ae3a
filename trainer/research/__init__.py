"""From rows to experiments: collect, clean, explore, features, candidates, tune, track."""
