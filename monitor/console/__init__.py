"""The page at /: what is watched, how well it does now, and what is wrong."""
