# Reads what R CMD check said: Rscript tools/check_log.R softkeras.Rcheck
#
# Ends with an error if there is an error, a warning or a note but those below,
# or if the package takes 5 MB installed.

folder <- commandArgs(TRUE)

# What is not ours: the check, all that it may say, and why.
not_ours <- list(
  list(
    check = "package dependencies",
    says = "Packages? suggested but not available for checking: .keras3.",
    why = "only CRAN has keras3, and not every machine"
  ),
  list(
    check = "CRAN incoming feasibility",
    says = "Maintainer: .*|New submission",
    why = "said of every package that is not on CRAN yet"
  ),
  list(
    check = "for future file timestamps",
    says = "[Uu]nable to verify current time.*|set environment variable _R_CHECK_SYSTEM_CLOCK_.*",
    why = "the time is asked from a server"
  ),
  list(
    check = "HTML version of manual",
    says = "Skipping checking .*(tidy|V8|math rendering).*",
    why = "a tool of the machine"
  )
)

excuse <- function(check, output) {
  lines <- trimws(strsplit(output, "\n", fixed = TRUE)[[1]])
  lines <- lines[nzchar(lines)]
  for (known in not_ours) {
    pattern <- paste0("^(", known$says, ")$")
    if (check == known$check && all(grepl(pattern, lines))) {
      return(known$why)
    }
  }
  NULL
}

log <- file.path(folder, "00check.log")
status <- grep("^Status:", readLines(log), value = TRUE)
if (length(status) != 1) {
  stop("softkeras: R CMD check did not come to its end; see ", log, call. = FALSE)
}
found <- tools::check_packages_in_dir_details(logs = log)
found <- found[found$Status %in% c("ERROR", "WARNING", "NOTE"), ]
# "Status: 1 WARNING, 3 NOTEs"; a warning that stands under no check is only there.
said <- sum(as.integer(unlist(regmatches(status, gregexpr("[0-9]+", status)))))
ours <- max(0, said - nrow(found))
if (ours > 0) {
  cat("softkeras: ", status, ", but only ", nrow(found), " of a check; see ", log, "\n", sep = "")
}
for (i in seq_len(nrow(found))) {
  why <- excuse(found$Check[i], found$Output[i])
  ours <- ours + is.null(why)
  cat(sprintf(
    "softkeras: %s of %s: %s\n", found$Status[i],
    if (is.null(why)) "ours" else paste0("the machine (", why, ")"), found$Check[i]
  ))
}

files <- list.files(file.path(folder, "softkeras"), recursive = TRUE, full.names = TRUE)
size <- sum(file.size(files)) / 1e6
cat(sprintf("softkeras: installed it takes %.1f MB; CRAN wants less than 5\n", size))
if (ours > 0 || size >= 5) {
  stop(sprintf("softkeras: R CMD check is not clean: %d of ours", ours), call. = FALSE)
}
cat("softkeras: R CMD check has no error, warning or note of ours\n")
