# Which lines of R/ the tests of R run, those that they start in another R too.
#
#   Rscript tools/coverage_r.R FOLDER OUT.json
#
# FOLDER is the unpacked package; OUT.json gets the numbers of lines, and by file
# those that no test runs.
arguments <- commandArgs(TRUE)
Sys.setenv(NOT_CRAN = "true")
covered <- covr::package_coverage(arguments[1], type = "tests", quiet = FALSE)
lines <- covr::tally_coverage(covered, by = "line")
missed <- lines[lines$value == 0, ]
jsonlite::write_json(
  list(
    lines = jsonlite::unbox(nrow(lines)),
    covered = jsonlite::unbox(sum(lines$value > 0)),
    missed = split(missed$line, sub("^.*/", "", missed$filename))
  ),
  arguments[2],
  digits = NA
)
