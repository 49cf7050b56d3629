"""Times evenhand beside DuckDB, pandas and data.table on the same made-up rows: `engines.py PROGRAMS WORK [--rows 230M [--different 8]]`.

PROGRAMS is the folder with `evenhand` and `examples/engines`. Timed is a whole process each, from its start to its end.
The others count by county, race and year. `examples/engines` does that and what the promise is about: the hash of every
file, the mapping, the account of every row, and rates with their intervals. `evenhand run` also writes the bundle with
report and charts, which is shown for the record.
"""

import csv
import gzip
import os
import random
import shutil
import subprocess
import sys
import time

ROWS = 5_000_000
TURNS = 5
FILES = 12
MOST_BYTES = 25e9

STUDY = """format = 1
title = "Made-up stops"
[groups]
reference = "white"
compare = ["black", "hispanic", "asian", "other"]
codes = { "asian/pacific islander" = "asian" }
[[stops]]
files = [FILES]
unit = "driver"
columns = { date = "date", place = "county", group = "race", searched = "searched", hit = "hit" }
outcomes = { unclear = "missing" }
[disclosure]
mode = "court"
[[rates]]
name = "search-rates"
counts = "searches"
by = ["place", "year"]
"""


def draw(path, rows, seed):
    """Stops as a state publishes them: 12 columns, about 90 bytes a row."""
    draw = random.Random(seed)
    counties = [f"{name} County" for name in ("Ash", "Birch", "Cedar", "Dogwood", "Elm")]
    counties += [f"County {i:02}" for i in range(95)]
    races = ["white"] * 50 + ["black"] * 25 + ["hispanic"] * 15 + ["asian/pacific islander"] * 4 + ["other"] * 6
    days = [f"{year}-{month:02}-{day:02}" for year in range(2010, 2020) for month in range(1, 13) for day in range(1, 29)]
    reasons = ["Speed limit", "Stop sign", "Impaired driving", "Safe movement", "Equipment", "Regulatory", "Seat belt", "Investigation"]
    outcomes = ["FALSE,NA"] * 94 + ["TRUE,FALSE"] * 4 + ["TRUE,TRUE"] * 2
    # Tails are drawn once and used again, which is quick and leaves every key column independent of the others.
    tails = [
        f"{draw.randrange(16, 90)},{draw.choice('FM')},{draw.choice(races)},{draw.choice(reasons)},{draw.choice(outcomes)}\n"
        for _ in range(100_000)
    ]
    middles = []
    for _ in range(100_000):
        county = draw.randrange(100)
        clock = f"{draw.randrange(24):02}:{draw.randrange(60):02}"
        middles.append(
            f"{draw.choice(days)},{clock},{counties[county]},Police of {county % 37:02},{draw.randrange(20_000)},"
        )
    with open(path, "w", encoding="ascii") as out:
        out.write("stop_id,date,time,county,agency,officer,age,sex,race,reason,searched,hit\n")
        for start in range(0, rows, 100_000):
            many = min(100_000, rows - start)
            middle, tail = draw.choices(middles, k=many), draw.choices(tails, k=many)
            out.writelines(f"{seed:03}-{start + i:08},{a}{b}" for i, (a, b) in enumerate(zip(middle, tail)))


def timed(command, stdout):
    """Wall time, processor time and peak memory of a process and of what it starts."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Engine:
    """One of those that are timed; `counts` where it writes a table of counts."""

    def __init__(self, name, command, counts=True):
        self.name, self.command, self.counts = name, command, counts
        self.times, self.cells = [], None

    def turn(self, work):
        path = os.path.join(work, "counts.csv")
        with open(path, "wb") as out:
            self.times.append(timed(self.command, out))
        if self.counts:
            cells = cells_of(path)
            if self.cells not in (None, cells):
                sys.exit(f"{self.name} counts differently from one time to the next")
            self.cells = cells

    def best(self):
        """The least of each: what disturbs a run makes it longer only."""
        return [min(column) for column in zip(*self.times)]


def cells_of(path):
    """Searches and stops by county, year and group, in whatever words the columns are named."""
    with open(path, newline="", encoding="utf-8") as rows:
        cells = {}
        for row in csv.DictReader(rows):
            place, group = row.get("county") or row["place"], row.get("race") or row["group"]
            group = "asian" if group == "asian/pacific islander" else group
            searches, stops = row.get("searches") or row["events"], row.get("stops") or row["trials"]
            cells[(place, row["year"], group)] = (int(searches), int(stops))
        return cells


def beside(programs, work, files, data_table):
    """Everybody in turn on the same files; the engines by name."""
    study = os.path.join(work, "study.toml")
    with open(study, "w", encoding="utf-8") as out:
        out.write(STUDY.replace("FILES", ", ".join(f'"{os.path.basename(file)}"' for file in files)))
    here = os.path.dirname(os.path.abspath(__file__))
    bundle = os.path.join(work, "bundle")
    engines = {
        "evenhand": Engine("evenhand", [f"{programs}/examples/engines", study, "2"]),
        "evenhand, one thread": Engine("evenhand, one thread", [f"{programs}/examples/engines", study, "1"]),
        "evenhand run": Engine("evenhand run", [f"{programs}/evenhand", "run", study, "--out", bundle, "--threads", "2"], False),
        "DuckDB": Engine("DuckDB", [sys.executable, f"{here}/duck.py", *files]),
        "pandas": Engine("pandas", [sys.executable, f"{here}/panda.py", *files]),
    }
    if data_table:
        engines["data.table"] = Engine("data.table", ["Rscript", "--vanilla", f"{here}/table.R", *files])
    for _ in range(TURNS):
        for engine in engines.values():
            engine.turn(work)
    counting = [engine for engine in engines.values() if engine.counts]
    for engine in counting:
        if engine.cells != counting[0].cells:
            sys.exit(f"{engine.name} does not count what {counting[0].name} counts")
    print(f"{'':24}{'wall s':>10}{'cpu s':>10}{'MB':>8}   best of {TURNS} each, {len(counting[0].cells)} cells, equal")
    for name, engine in engines.items():
        wall, cpu, memory = engine.best()
        print(f"{name:24}{wall:10.2f}{cpu:10.2f}{memory:8.0f}")
    return {name: engine.best() for name, engine in engines.items()}


def promise(what, found, most):
    kept = found <= most
    print(f"{'kept' if kept else 'BROKEN':8}{what}: {found:.2f}, promised {most:.2f}")
    return kept


def side_by_side(programs, work):
    data_table = (
        shutil.which("Rscript") is not None
        and subprocess.run(["Rscript", "-e", "library(data.table)"], capture_output=True, check=False).returncode == 0
    )
    if not data_table:
        print("skipped: no Rscript with data.table")
    plain = os.path.join(work, "stops.csv")
    draw(plain, ROWS, seed=1)
    size = os.path.getsize(plain) / 1e6
    print(f"\n{ROWS:,} rows, 12 columns, one CSV file of {size:.0f} MB")
    one = beside(programs, work, [plain], data_table)
    kept = [
        promise("wall time of DuckDB's", one["evenhand"][0] / one["DuckDB"][0], 0.5),
        promise("processor time of DuckDB's", one["evenhand"][1] / one["DuckDB"][1], 0.75),
        promise("peak memory in MB", one["evenhand"][2], 150),
    ]
    packed = pack(work, plain)
    unpacked = Engine("unpacking", [sys.executable, "-c", UNPACK, *packed], False)
    unpacked.turn(work)
    print(f"\nthe same rows in {FILES} csv.gz; zlib alone unpacks them in {unpacked.best()[1]:.2f} s of processor time")
    twelve = beside(programs, work, packed, False)
    kept.append(promise("wall time of DuckDB's", twelve["evenhand"][0] / twelve["DuckDB"][0], 0.5))
    return all(kept)


UNPACK = """
import sys, zlib
for file in sys.argv[1:]:
    inflate = zlib.decompressobj(31)
    with open(file, "rb") as packed:
        while block := packed.read(1 << 18):
            inflate.decompress(block)
"""


def pack(work, plain):
    """The rows of a file in several packed ones, each with the header."""
    packed = [os.path.join(work, f"stops-{i:02}.csv.gz") for i in range(FILES)]
    with open(plain, "rb") as rows:
        header = rows.readline()
        for i, path in enumerate(packed):
            with gzip.open(path, "wb", compresslevel=6) as out:
                out.write(header)
                for _ in range(ROWS * i // FILES, ROWS * (i + 1) // FILES):
                    out.write(rows.readline())
    return packed


def many(programs, work, rows, most):
    """evenhand alone on more rows than the disk carries: links to the same files, each read as a file of its own."""
    free = min(shutil.disk_usage(work).free / 2, MOST_BYTES)
    files = -(-rows // ROWS)
    own = max(1, min(files, int(free / 5e8), most))
    for i in range(own):
        draw(os.path.join(work, f"part-{i:03}.csv"), ROWS, seed=i)
    for i in range(own, files):
        os.link(os.path.join(work, f"part-{i % own:03}.csv"), os.path.join(work, f"part-{i:03}.csv"))
    study = os.path.join(work, "study.toml")
    with open(study, "w", encoding="utf-8") as out:
        out.write(STUDY.replace("FILES", '"part-*.csv"'))
    engine = Engine("evenhand", [f"{programs}/examples/engines", study, "2"])
    engine.turn(work)
    stops = sum(stops for _, stops in engine.cells.values())
    wall, cpu, memory = engine.best()
    print(f"{stops:,} rows in {files} files, {own} of them different: {wall:.1f} s wall, {cpu:.1f} s cpu, {memory:.0f} MB")
    return all(
        [
            promise("rows that were not counted", files * ROWS - stops, 0),
            promise("seconds for 230 million rows", wall * 230e6 / stops, 240),
            promise("peak memory in MB", memory, 500),
        ]
    )


def main():
    programs, work, *options = sys.argv[1:]
    given = dict(zip(options[::2], options[1::2]))
    if "--rows" in given:
        rows, different = given["--rows"].replace("M", "000000"), given.get("--different", "1000")
        kept = many(programs, work, int(rows), int(different))
    else:
        kept = side_by_side(programs, work)
    sys.exit(0 if kept else 1)


main()
