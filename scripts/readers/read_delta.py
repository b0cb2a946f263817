#!/usr/bin/env python3
"""Reads a Delta table with deltalake and prints its number of rows and of values in each column, as JSON.

Usage: scripts/readers/read_delta.py FOLDER
"""

import json
import sys

from deltalake import DeltaTable, QueryBuilder


def main():
    table = DeltaTable(sys.argv[1])
    names = [field.name for field in table.schema().fields]
    counts = ", ".join(f'count("{name}")' for name in names)
    # `rows` is a scan, not the log's number: the values of one column and their lack.
    sql = f'SELECT sum(CASE WHEN "{names[0]}" IS NULL THEN 1 ELSE 1 END), {counts} FROM t'
    batch = QueryBuilder().register("t", table).execute(sql).read_all()
    row = [batch.column(index)[0].as_py() for index in range(len(names) + 1)]
    print(json.dumps({"rows": row[0], "values": dict(zip(names, row[1:]))}))


if __name__ == "__main__":
    main()
