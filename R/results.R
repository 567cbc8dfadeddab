# The results that R users get, with classes of their own, and how they print.

# Names of classes: those of the columns of `y_pred`, if each has its own, else
# ids from 0.
class_names <- function(y_pred, count) {
  names <- if (length(dim(y_pred)) == 2) colnames(y_pred)
  fits <- length(names) == count && !anyNA(names) && all(nzchar(names)) && !anyDuplicated(names)
  if (fits) names else as.character(seq_len(count) - 1)
}

new_counts <- function(counts, classes) {
  structure(counts, class = "softkeras_counts", classes = classes)
}

new_confusion <- function(matrix, classes) {
  dimnames(matrix) <- list(label = classes, decision = classes)
  structure(matrix, class = c("softkeras_confusion", "matrix", "array"))
}

new_threshold <- function(found, classes, score) {
  score <- if (is.character(score)) score else "score"
  structure(found, class = "softkeras_threshold", classes = classes, of = score)
}

#' Print and summarise counts, confusion matrices and thresholds
#'
#' Counts as a table with a row for each class; a confusion matrix with the labels
#' by row and the decisions by column; a threshold in a line.
#'
#' @details
#' They remain what they are: a list of `tp`, `fp`, `fn` and `tn`, a matrix of
#' numbers, a list of `threshold` and `score`.
#'
#' @param x,object What [soft_counts()], [soft_confusion_matrix()] or
#'   [best_threshold()] returns.
#' @param digits How many significant digits are printed.
#' @param ... Ignored.
#'
#' @returns `print()`: `x`, invisibly. `format()`: strings, of a matrix a matrix of
#'   them. `summary()` of counts: a data frame with `tp`, `fp`, `fn`, `tn`,
#'   `precision`, `recall` and `f1` by class, NaN where that is 0/0; of a confusion
#'   matrix the same of each class against the others.
#' @family methods
#' @name softkeras-results
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' counts <- soft_counts(diag(3), y_pred)
#' counts
#' summary(counts)
#' soft_confusion_matrix(diag(3), y_pred)
#' best_threshold(c(0, 0, 1, 1), c(0.25, 0.5, 0.375, 0.75))
NULL

#' @rdname softkeras-results
#' @exportS3Method print softkeras_counts
print.softkeras_counts <- function(x, digits = 4, ...) {
  if (is_python(x$tp)) { # What a score is called with.
    print(unclass(x))
    return(invisible(x))
  }
  cat("Counts of decisions (tp, fn: label positive; tn, fp: label negative)\n")
  print(as.data.frame(x), digits = digits, row.names = FALSE)
  invisible(x)
}

#' @rdname softkeras-results
#' @exportS3Method format softkeras_counts
format.softkeras_counts <- function(x, digits = 4, ...) {
  table <- as.data.frame(x)
  numbers <- lapply(table[c("tp", "fp", "fn", "tn")], signif, digits)
  do.call(paste, c(Map(paste, names(numbers), numbers), sep = ", "))
}

#' @rdname softkeras-results
#' @exportS3Method summary softkeras_counts
summary.softkeras_counts <- function(object, ...) {
  table <- as.data.frame(object)
  table$precision <- table$tp / (table$tp + table$fp)
  table$recall <- table$tp / (table$tp + table$fn)
  table$f1 <- 2 * table$tp / (2 * table$tp + table$fp + table$fn)
  table
}

#' @rdname softkeras-results
#' @exportS3Method print softkeras_confusion
print.softkeras_confusion <- function(x, digits = 4, ...) {
  cat("Confusion matrix\n")
  print(unclass(x), digits = digits)
  invisible(x)
}

#' @rdname softkeras-results
#' @exportS3Method summary softkeras_confusion
summary.softkeras_confusion <- function(object, ...) {
  m <- unclass(object)
  if (names(dimnames(m))[1] == "decision") { # t() has turned it
    m <- t(m)
  }
  tp <- unname(diag(m))
  fp <- unname(colSums(m)) - tp
  fn <- unname(rowSums(m)) - tp
  summary(new_counts(list(tp = tp, fp = fp, fn = fn, tn = sum(m) - tp - fp - fn), rownames(m)))
}

#' @rdname softkeras-results
#' @exportS3Method format softkeras_threshold
format.softkeras_threshold <- function(x, digits = 4, ...) {
  table <- as.data.frame(x)
  of <- if ("class" %in% names(table)) paste0("class ", table$class, ": ") else ""
  paste0(
    of, "threshold ", signif(table$threshold, digits), ", ", attr(x, "of"), " ",
    signif(table$score, digits)
  )
}

#' @rdname softkeras-results
#' @exportS3Method print softkeras_threshold
print.softkeras_threshold <- function(x, digits = 4, ...) {
  cat(paste0("Decide p > threshold: ", format(x, digits = digits)), sep = "\n")
  invisible(x)
}
