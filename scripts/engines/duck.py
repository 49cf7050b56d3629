"""Counts by county, race and year with DuckDB: `duck.py FILES... > counts.csv`."""

import sys

import duckdb

connection = duckdb.connect()
connection.execute("SET threads = 2")
connection.execute(
    """
    COPY (
      SELECT county, race, year(date) AS year, count(*) FILTER (searched IN ('TRUE', 'FALSE')) AS stops,
             count(*) FILTER (searched = 'TRUE') AS searches
      FROM read_csv(?, header = true, types = {'date': 'DATE', 'searched': 'VARCHAR', 'hit': 'VARCHAR'})
      GROUP BY ALL
    ) TO '/dev/stdout' (HEADER)
    """,
    [sys.argv[1:]],
)
