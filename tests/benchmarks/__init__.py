"""Benchmarks: figures with a floor measured in the same run. ``make bench`` runs all, ``make bench NAME=ingest`` one."""
