# What diagnose() returns: text and tables.

#' Look at a report
#'
#' `print()` shows what [diagnose()] found: a table of the findings, then each with
#' its place, its cause and what to write in place of it.
#'
#' @details
#' A finding of the severity `"error"` keeps the function from training, or trains
#' the wrong thing; a `"warning"` does on some inputs; an `"info"` is no fault. The
#' report has no gradient itself; [plot()][autoplot.softkeras_report] draws that of
#' what was diagnosed.
#'
#' @param x,object What [diagnose()] returned.
#' @param width Of a line, in characters.
#' @param row.names,optional Ignored, as R asks for them.
#' @param ... Must be empty.
#'
#' @returns `format()`: lines of text. `print()`: `x`, invisibly. `summary()`: a data
#'   frame with `severity`, `finding` and `where`. `as.data.frame()`, and `tidy()` of
#'   the package generics: one with `kind`, `severity`, `where`, `cause` and `remedy`,
#'   a row a finding.
#' @family diagnosis
#' @name softkeras-report
#' @examplesIf softkeras_available()
#' report <- diagnose(function(y_true, y_pred) mean(abs(y_true - round(y_pred))))
#' summary(report)
#' as.data.frame(report)$kind
NULL

#' @rdname softkeras-report
#' @exportS3Method format softkeras_report
format.softkeras_report <- function(x, width = getOption("width"), ...) {
  check_dots(...)
  report_lines(x, width, function(text, as) text)
}

#' @rdname softkeras-report
#' @exportS3Method print softkeras_report
print.softkeras_report <- function(x, width = getOption("width"), ...) {
  check_dots(...)
  cat(report_lines(x, width, if (has_colours()) paint else function(text, as) text), sep = "\n")
  invisible(x)
}

#' @rdname softkeras-report
#' @exportS3Method summary softkeras_report
summary.softkeras_report <- function(object, ...) {
  check_dots(...)
  columns <- c(severity = "severity", finding = "title", where = "where")
  data.frame(lapply(columns, function(name) of_findings(object, name)))
}

#' @rdname softkeras-report
#' @exportS3Method as.data.frame softkeras_report
as.data.frame.softkeras_report <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_dots(...)
  columns <- stats::setNames(nm = c("kind", "severity", "where", "cause", "remedy"))
  data.frame(lapply(columns, function(name) of_findings(x, name)))
}

#' @rdname softkeras-report
#' @exportS3Method generics::tidy softkeras_report
tidy.softkeras_report <- function(x, ...) as.data.frame(x, ...)

of_findings <- function(report, name) vapply(report$findings, function(f) f[[name]], "")

severities <- function(report) of_findings(report, "severity")

# As Python's report has it.
report_lines <- function(x, width, paint) {
  width <- min(max(width, 60), 100)
  label <- function(text) formatC(text, width = -8)
  table <- summary(x)
  lines <- paste0(paint(x$subject, "bold"), ": ", verdict(x))
  # Of one finding the table would only say again what it says itself.
  if (nrow(table) > 1) {
    titles <- formatC(table$finding, width = -max(nchar(table$finding)))
    words <- vapply(table$severity, function(s) paint(label(s), s), "")
    room <- width - 9 - nchar(titles[1]) - 2
    rows <- paste0(words, " ", titles, "  ", cut_to(table$where, room))
    lines <- c(lines, "", trimws(rows, "right"))
  }
  for (finding in x$findings) {
    word <- paint(label(finding$severity), finding$severity)
    lines <- c(lines, "", paste(word, paint(finding$title, "bold")))
    shown <- unlist(Map(example_line, names(finding$example), finding$example))
    details <- c(
      where = finding$where, cause = finding$cause, remedy = finding$remedy,
      tried = finding$retried, example = paste(shown, collapse = "\n")
    )
    # What is no fault is said in short.
    if (finding$severity == "info") {
      details <- details["cause"]
    }
    for (name in names(details)[nzchar(details)]) {
      word <- paint(paste0("  ", label(name)), "quiet")
      lines <- c(lines, beside(word, details[[name]], width, 11))
    }
  }
  lines <- c(lines, "")
  for (check in x$checks) {
    is_short <- check$outcome == "fine" && nrow(table)
    text <- if (is_short) cut_to(check$text, width - 9) else check$text
    lines <- c(lines, beside(paint(label(check$outcome), check$outcome), text, width, 9))
  }
  versions <- toString(paste(names(x$environment), unlist(x$environment)))
  c(lines, paint(paste0(strrep(" ", 9), versions, ", seed ", x$seed), "quiet"))
}

verdict <- function(x) {
  count <- vapply(c("error", "warning", "info"), function(s) sum(severities(x) == s), 0L)
  if (!sum(count)) {
    return(paste("nothing found that keeps this", x$kind, "from training"))
  }
  count <- count[count > 0]
  toString(paste0(count, " ", names(count), ifelse(count > 1, "s", "")))
}

cut_to <- function(text, room) {
  ifelse(nchar(text) <= room, text, paste0(substr(text, 1, max(room - 3, 1)), "..."))
}

# A label, and beside it a text, which may have several lines.
beside <- function(label, text, width, margin) {
  lines <- unlist(strsplit(text, "\n", fixed = TRUE))
  lines <- unlist(lapply(lines, function(line) {
    inside <- nchar(line) - nchar(sub("^ +", "", line))
    strwrap(line, width - margin + 1, indent = inside, exdent = inside)
  }))
  paste0(c(paste0(label, " "), rep(strrep(" ", margin), max(length(lines) - 1, 0))), lines)
}

# An array in one line: its first rows, and how large it is.
example_line <- function(name, x) {
  if (!is.numeric(x) && !is.logical(x)) {
    return(paste0(name, " = ", deparse1(x)))
  }
  of <- size_of(x)
  rows <- min(of[1], 3)
  x <- matrix(x, of[1])[seq_len(rows), , drop = FALSE]
  number <- function(v) vapply(v, format, "", digits = 4)
  columns <- min(ncol(x), 6)
  shown <- apply(x[, seq_len(columns), drop = FALSE], 1, function(row) {
    paste(c(number(row), if (ncol(x) > columns) "..."), collapse = " ")
  })
  separator <- if (ncol(x) > 1) "; " else ", "
  text <- paste(c(shown, if (of[1] > rows) "..."), collapse = separator)
  size <- if (length(of) > 1 || of > rows) paste0(" (", paste(of, collapse = " x "), ")")
  paste0(name, " = ", text, size)
}

# Codes of a terminal, where there is one.
CODES <- c(
  error = "1;31", warning = "1;33", info = "1;36", fine = "32", "left out" = "33",
  bold = "1", quiet = "2"
)

paint <- function(text, as) paste0("\033[", CODES[[as]], "m", text, "\033[0m")

has_colours <- function() {
  chosen <- getOption("cli.num_colors")
  if (!is.null(chosen)) {
    return(chosen > 1)
  }
  sink.number() == 0 && isatty(stdout()) && !nzchar(Sys.getenv("NO_COLOR")) &&
    !Sys.getenv("TERM") %in% c("", "dumb")
}
