"""``python -m tests.benchmarks [NAME ...]``: one JSON line a figure; exit code 1 where one does not hold."""

from __future__ import annotations

import sys
from importlib import import_module

ALL = (
    "ingest",
    "burst",
    "latency",
    "throughput",
    "pages",
    "rates",
    "stock",
    "xoro_inventory",
    "memory",
    "recovery",
    "shop_orders",
    "xoro_orders",
)


def main(names: list[str]) -> int:
    unknown = set(names) - set(ALL)
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}.", file=sys.stderr)
        return 2
    all_hold = True
    for name in names or ALL:
        for figure in import_module(f"tests.benchmarks.{name}").run():
            print(figure.line(), flush=True)
            all_hold = all_hold and figure.holds
    return 0 if all_hold else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
