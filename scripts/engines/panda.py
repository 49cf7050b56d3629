"""Counts by county, race and year with pandas, of the columns that are needed: `panda.py FILES... > counts.csv`."""

import sys

import pandas

columns = ["date", "county", "race", "searched"]
frames = [pandas.read_csv(file, usecols=columns, dtype=str, keep_default_na=False) for file in sys.argv[1:]]
rows = pandas.concat(frames, ignore_index=True)
rows["year"] = rows["date"].str.slice(0, 4)
rows["stops"] = rows["searched"].isin(["TRUE", "FALSE"])
rows["searches"] = rows["searched"] == "TRUE"
counts = rows.groupby(["county", "race", "year"], sort=False)[["stops", "searches"]].sum()
counts.reset_index().to_csv(sys.stdout, index=False)
