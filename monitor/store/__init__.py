"""Keeps everything: a journal for what was acknowledged, one DuckDB file for what is asked."""
