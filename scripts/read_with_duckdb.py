#!/usr/bin/env python3
"""Reads a data folder with DuckDB and compares what its statistics say with what scans say.

Needs, from PyPI: duckdb==1.5.5 duckdb-extension-ducklake duckdb-extension-sqlite-scanner, and for tables in S3
duckdb-extension-httpfs; endpoint and credentials are those of the environment (AWS_...). A catalog in Postgres needs
duckdb-extension-postgres-scanner; the password is that of the environment (PGPASSWORD, PGPASSFILE).
Usage: scripts/read_with_duckdb.py FOLDER
"""

import glob
import importlib.util
import json
import os
import sys
from urllib.parse import parse_qs, unquote, urlsplit

import duckdb


def load(connection, package):
    folder = os.path.dirname(importlib.util.find_spec(package).origin)
    for path in glob.glob(os.path.join(folder, "extensions/*/*.duckdb_extension")):
        connection.execute(f"LOAD '{path}'")


def use_s3(connection):
    load(connection, "duckdb_extension_httpfs")
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    options = {
        "KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID", ""),
        "SECRET": os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
        "REGION": os.environ.get("AWS_REGION", "us-east-1"),
    }
    if endpoint:
        scheme, host = endpoint.split("://", 1)
        options |= {"ENDPOINT": host.rstrip("/"), "URL_STYLE": "path", "USE_SSL": str(scheme == "https").lower()}
    listed = ", ".join(f"{name} '{value}'" for name, value in options.items())
    connection.execute(f"CREATE SECRET (TYPE s3, {listed})")


def attach(connection, folder):
    """Attaches the catalog of a data folder, which may be in Postgres."""
    note = os.path.join(folder, "catalog.json")
    if not os.path.exists(note):
        load(connection, "duckdb_extension_sqlite_scanner")
        connection.execute(f"ATTACH 'ducklake:sqlite:{folder}/catalog.sqlite' AS lake (READ_ONLY)")
        return
    load(connection, "duckdb_extension_postgres_scanner")
    with open(note) as file:
        address = urlsplit(json.load(file)["catalog"])
    settings = parse_qs(address.query)
    host = settings.get("host", [unquote(address.hostname or "")])[0]
    database, user = unquote(address.path.lstrip("/")), unquote(address.username)
    place = f"dbname={database} host={host} port={address.port} user={user}"
    if "sslmode" in settings:
        place += f" sslmode={settings['sslmode'][0]}"
    schema = settings.get("schema", ["public"])[0]
    connection.execute(f"ATTACH 'ducklake:postgres:{place}' AS lake (READ_ONLY, METADATA_SCHEMA '{schema}')")


def check(connection, table):
    rows = connection.execute(f'SELECT count(*) FROM lake."{table}"').fetchone()[0]
    columns = [row[0] for row in connection.execute(f'DESCRIBE lake."{table}"').fetchall()]
    for column in columns:
        nulls = connection.execute(f'SELECT count(*) FROM lake."{table}" WHERE "{column}" IS NULL').fetchone()[0]
        values = connection.execute(f'SELECT count("{column}") FROM lake."{table}"').fetchone()[0]
        if nulls + values != rows:
            sys.exit(f"{table}.{column}: {nulls} nulls and {values} values of {rows} rows")
        bounds = f'SELECT min("{column}")::VARCHAR, max("{column}")::VARCHAR FROM lake."{table}"'
        scanned = f'SELECT min(v)::VARCHAR, max(v)::VARCHAR FROM (SELECT "{column}" AS v, random() AS r ' \
                  f'FROM lake."{table}") WHERE r >= 0'
        if connection.execute(bounds).fetchone() != connection.execute(scanned).fetchone():
            sys.exit(f"{table}.{column}: bounds of statistics and of a scan differ")
    print(f"{table}: {rows} rows, {len(columns)} columns")


def main():
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    load(connection, "duckdb_extension_ducklake")
    if importlib.util.find_spec("duckdb_extension_httpfs"):
        use_s3(connection)
    attach(connection, sys.argv[1])
    tables = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'main'"
    for (table,) in connection.execute(tables).fetchall():
        check(connection, table)


if __name__ == "__main__":
    main()
