#!/usr/bin/env python3
"""Prints, as Markdown, which rules hold on which servers: a column for each report.json of ./kit check jetstream.

    docs/server_matrix.py REPORT...

Each REPORT is a directory that was given to --report. A cell counts the rules of an area that passed, and names those
that did not.
"""

import json
import pathlib
import sys


def cell(results):
    offered = [result for result in results if result["verdict"] != "not_offered"]
    if not offered:
        return "-"
    text = f"{sum(result['verdict'] == 'passed' for result in offered)}/{len(offered)}"
    for verdict in ("failed", "errored", "inconclusive"):
        ids = [result["id"] for result in offered if result["verdict"] == verdict]
        if ids:
            text += f" {verdict}: " + ", ".join(ids)
    return text


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    stores = []
    for directory in sys.argv[1:]:
        report = json.loads((pathlib.Path(directory) / "report.json").read_text(encoding="utf-8"))
        stores += [store for store in report["stores"] if store["store"] == "jetstream"]
    areas = list(dict.fromkeys(result["id"].split("-")[0] for store in stores for result in store["rules"]))
    print("| area | " + " | ".join(store["about"] for store in stores) + " |")
    print("|---" * (len(stores) + 1) + "|")
    for area in areas:
        cells = [cell([r for r in store["rules"] if r["id"].split("-")[0] == area]) for store in stores]
        print(f"| {area} | " + " | ".join(cells) + " |")


main()
