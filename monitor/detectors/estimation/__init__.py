"""How good answers are before their actuals come."""
