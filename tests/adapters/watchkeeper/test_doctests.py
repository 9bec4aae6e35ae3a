"""The examples in the docstrings of the client are run."""

import doctest
import importlib
import pkgutil

import pytest
import watchkeeper

modules = [module.name for module in pkgutil.iter_modules(watchkeeper.__path__)]


@pytest.mark.parametrize("name", modules)
def test_the_examples_of_a_module_hold(name):
    module = importlib.import_module(f"watchkeeper.{name}")

    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
