"""The service: takes predictions in, measures, judges, and tells."""
