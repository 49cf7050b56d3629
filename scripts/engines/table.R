# Counts by county, race and year with data.table: `table.R FILES... > counts.csv`.
library(data.table)
setDTthreads(2)
columns <- c("date", "county", "race", "searched")
rows <- rbindlist(lapply(commandArgs(TRUE), fread, select = columns, colClasses = "character"))
counts <- rows[, .(stops = sum(searched %in% c("TRUE", "FALSE")), searches = sum(searched == "TRUE")),
               by = .(county, race, year = substr(date, 1, 4))]
fwrite(counts, "/dev/stdout")
