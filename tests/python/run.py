#!/usr/bin/env python3
"""Runs one file of tests: tests/python/run.py tests/python/test_files.py [NAME…]

Says what was skipped and why. Exits with 77 if that was everything: this machine cannot run it.
"""
import importlib
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def main():
    module = importlib.import_module(os.path.splitext(os.path.basename(sys.argv[1]))[0])
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(sys.argv[2:], module) if sys.argv[2:] else loader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    for test, why in result.skipped:
        print(f"SKIPPED: {test}: {why}")
    if not result.wasSuccessful():
        return 1
    return 77 if len(result.skipped) >= max(1, result.testsRun) else 0


if __name__ == "__main__":
    sys.exit(main())
