# Labels: factors, logicals and data frames as what Python takes for y_true.

#' Labels for fit()
#'
#' Factors, logicals and data frames as the numbers that `fit()` takes for y. The
#' losses themselves take them as they are when called with data.
#'
#' @details
#' A factor with two levels becomes 0 and 1, the **second** level being positive, as
#' in [glm()]; a message says which. One with more levels becomes a matrix with one
#' column of 0 and 1 a level, for as many outputs under a softmax; or with
#' `sparse = TRUE` the ids of its levels, counted **from 0** as in keras3.
#'
#' It is no function of anything that is trained, and has no gradient.
#'
#' @param y A factor, or a logical or numeric vector, matrix, array or data frame;
#'   the columns of a data frame may also be factors of two levels. `TRUE` is
#'   positive. Numbers stay as they are.
#' @param sparse Whether to give ids of levels.
#' @param labels The numbers for a negative and a positive label.
#' @param quiet Whether to leave out the message.
#'
#' @returns An array of one axis, or a matrix. An error for missing values,
#'   characters, factors of one level, and `labels` that are not two different
#'   numbers.
#' @references [glm()], for the second level as the positive one.
#' @family labels
#' @export
#' @examples
#' as_labels(factor(c("benign", "malignant", "benign")))
#' as_labels(iris$Species[c(1, 51, 101)])
#' as_labels(iris$Species[c(1, 51, 101)], sparse = TRUE)
as_labels <- function(y, sparse = FALSE, labels = c(0, 1), quiet = FALSE) {
  if (is_python(y)) {
    return(y)
  }
  check_labels(labels, sparse)
  are_ids <- sparse && is.numeric(y)
  columns <- if (is.factor(y) && nlevels(y) > 2) nlevels(y) else 1
  y <- labels_of(y, "y", columns, labels, sparse, if (quiet) function(...) NULL else message)
  check_data(y, "y", FALSE)
  if (!sparse && any(y < min(labels) | y > max(labels))) {
    stop_data(
      "y", paste("values from", min(y), "to", max(y)), paste0(
        "they must be from ", min(labels), " to ", max(labels), ": factor(y) takes the higher ",
        "of two as positive, and sparse = TRUE takes them for ids of classes, counted from 0"
      )
    )
  }
  if (are_ids) {
    check_ids(y)
  }
  y <- if (is.logical(y)) y * 1 else y
  if (is.null(dim(y))) array(y) else y
}

check_ids <- function(y) {
  if (any(y < 0 | y != floor(y))) {
    odd <- y[y < 0 | y != floor(y)][1]
    stop_data("y", format(odd), "with sparse = TRUE it holds ids of classes, 0, 1, 2 and so on")
  }
  if (length(y) && min(y) >= 1) {
    message(
      "softkeras: the least id of `y` is ", min(y), "; classes are counted from 0: if yours ",
      "begin with 1, give factor(y), or y - 1"
    )
  }
}

# As Python does, which is not needed here.
check_labels <- function(labels, sparse) {
  if (!is.numeric(labels) || length(labels) != 2 || !all(is.finite(labels)) ||
    labels[1] == labels[2]) {
    raise(
      "`labels` must be two different numbers, the one of a negative and the one of a ",
      "positive label. Received: ", deparse1(labels), "."
    )
  }
  if (sparse && !all(labels == c(0, 1))) {
    raise(
      "With sparse = TRUE the labels are ids of classes. Received: labels = ", deparse1(labels),
      ", which goes with sparse = FALSE."
    )
  }
}

# y_true for Python, beside the predictions that it belongs to.
as_py_labels <- function(y, y_pred, labels = NULL, sparse = FALSE, has_mask = FALSE) {
  if (is.null(y) || is_python(y)) {
    return(as_py_data(y, "y_true", has_mask))
  }
  if (!is.numeric(labels) || length(labels) != 2) {
    labels <- c(0, 1)
  }
  check_order(if (is.factor(y)) levels(y) else colnames(y), y_pred)
  y <- labels_of(y, "y_true", count_columns(y_pred), labels, isTRUE(sparse), say_once)
  as_py_data(y, "y_true", has_mask)
}

# Numbers or logicals for whatever labels may be; `columns` is how many classes
# the predictions have, `say` tells what became of a factor.
labels_of <- function(y, name, columns, labels, sparse, say) {
  if (is.data.frame(y) && length(y) == 1 && is.factor(y[[1]])) {
    y <- y[[1]]
  }
  if (is.data.frame(y)) {
    is_label <- vapply(y, function(column) is.factor(column) || is.logical(column), NA)
    y[is_label] <- Map(function(column, of) {
      labels_of(column, of, 1, labels, sparse, say)
    }, y[is_label], paste0(name, "$", names(y)[is_label]))
    return(as_matrix(y, name))
  }
  if (is.logical(y) && !sparse && !all(labels == c(0, 1))) {
    y[] <- labels[1 + y]
  }
  if (!is.factor(y)) {
    return(y)
  }
  known <- levels(y)
  quoted <- dQuote(known, FALSE)
  if (sparse) {
    say(
      "softkeras: the levels of `", name, "` are classes counted from 0: ",
      toString(paste(quoted, "=", seq_along(known) - 1))
    )
    return(as.integer(y) - 1L)
  }
  if (columns > 1 && columns == length(known)) {
    say(
      "softkeras: `", name, "` becomes a column of ", labels[1], " and ", labels[2],
      " for each level, in the order ", toString(quoted)
    )
    hot <- outer(as.integer(y), seq_along(known), function(i, j) labels[1 + (i == j)])
    return(structure(hot, dimnames = list(NULL, known)))
  }
  if (length(known) == 2) {
    say(
      "softkeras: ", quoted[2], " of `", name, "` is positive: the second level, as in glm()"
    )
    return(labels[as.integer(y)])
  }
  stop_data(
    name, paste("a factor with levels", toString(quoted)),
    if (columns > 1) {
      paste0("predictions have ", columns, " columns, which must be one a level")
    } else {
      paste0(
        "two levels are a negative and a positive label; ",
        if (length(known) > 2) {
          "more need predictions with a column for each, or sparse = TRUE"
        } else {
          "factor(x, levels = c(negative, positive)) names both"
        }
      )
    }
  )
}

# Columns of other names may mean the same classes, but the same names in another
# order are a mistake that no number would show.
check_order <- function(known, y_pred) {
  given <- if (!is_python(y_pred)) colnames(y_pred)
  if (!length(known) || length(given) != length(known)) {
    return()
  }
  # The names may have something in front, such as ".pred_".
  of_first <- known[endsWith(given[1], known)]
  prefix <- if (length(of_first)) {
    substr(given[1], 1, nchar(given[1]) - max(nchar(of_first)))
  } else {
    ""
  }
  if (setequal(paste0(prefix, known), given) && !identical(paste0(prefix, known), given)) {
    raise(
      "Labels and predictions have the same classes in another order. Received: ",
      toString(known), " in `y_true`, ", toString(given), " in `y_pred`; order the ",
      "columns of one of them as the other's."
    )
  }
}

count_columns <- function(x) {
  if (is_python(x)) {
    shape <- tryCatch(reticulate::py_to_r(py_keras()$ops$shape(x)), error = function(e) NULL)
    return(if (length(shape) > 1) as.numeric(shape[[length(shape)]]) else 1)
  }
  if (length(dim(x)) > 1) utils::tail(dim(x), 1) else 1
}

# Once a session for the same labels.
say_once <- function(...) {
  text <- paste0(...)
  if (!text %in% .globals$said) {
    .globals$said <- c(.globals$said, text)
    message(text)
  }
}
