"""Trains, gates and serves: the three environments, in the order a model passes through them."""
