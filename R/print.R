# print(), format() and summary() of the Python objects that this package makes.

#' Print what the package makes
#'
#' What a step, a loss, a metric or a callback is: its score, how it decides, and
#' what is not the default.
#'
#' @details
#' `format()` gives one line. `print()` adds another with what is not the default.
#' `summary()` of a loss or a metric is a data frame of all its options; that of a
#' sum or a warm-up one of the losses that it is made of.
#'
#' @param x,object A [steps_step()], a loss, a metric or a callback.
#' @param ... Ignored.
#'
#' @returns `format()`: one string. `print()`: `x`, invisibly. `summary()`: a data
#'   frame with columns `option`, `value` (as R code would have it) and, of a loss or
#'   a metric, `changed`; of a sum or a warm-up with `weight` or `when`, and `loss`.
#' @family methods
#' @name softkeras-print
#' @examplesIf softkeras_available()
#' steps_step("ramp", 3)
#' loss_soft_fbeta(beta = 2, from_logits = TRUE)
#' summary(loss_soft_fbeta(beta = 2))
#' metric_epoch_score("f1")
#' callback_sharpness_schedule(0.25, 2)
NULL

#' @rdname softkeras-print
#' @exportS3Method format softkeras.steps.Step
format.softkeras.steps.Step <- function(x, ...) {
  part <- step_parts(x)
  paste0("<Step> ", toString(c(part$shape, part$details)))
}

#' @rdname softkeras-print
#' @exportS3Method print softkeras.steps.Step
print.softkeras.steps.Step <- function(x, ...) show_line(x)

#' @rdname softkeras-print
#' @exportS3Method summary softkeras.steps.Step
summary.softkeras.steps.Step <- function(object, ...) {
  values <- lapply(
    stats::setNames(nm = c("shape", "sharpness_now", "scale", "anchored", "straight_through")),
    function(name) reticulate::py_get_attr(object, name)
  )
  values$shape <- py_options()$plain(values$shape)
  names(values)[2] <- "sharpness"
  values <- lapply(values, function(value) {
    in_r(if (is_python(value)) reticulate::py_to_r(value) else value)
  })
  data.frame(option = names(values), value = unlist(values, use.names = FALSE))
}

#' @rdname softkeras-print
#' @exportS3Method format softkeras.losses.weighted_sum.Arithmetic
format.softkeras.losses.weighted_sum.Arithmetic <- function(x, ...) {
  if (inherits(x, "softkeras.losses.weighted_sum.WeightedSum")) {
    weights <- unlist(py_value(x, "weights"))
    terms <- vapply(loss_terms(x), term_name, "")
    return(paste("<WeightedSum>", paste(format_each(weights), "*", terms, collapse = " + ")))
  }
  if (inherits(x, "softkeras.losses.warm_up.WarmUp")) {
    terms <- vapply(loss_terms(x), term_name, "")
    epochs <- py_value(x, "epochs")
    left <- if (is.null(epochs)) {
      paste(py_value(x, "steps"), "steps left")
    } else {
      paste("for", format(epochs), "epochs")
    }
    return(sprintf("<WarmUp> %s (%s), then %s", terms[1], left, terms[2]))
  }
  describe(x, "1 - ")
}

#' @rdname softkeras-print
#' @exportS3Method print softkeras.losses.weighted_sum.Arithmetic
print.softkeras.losses.weighted_sum.Arithmetic <- function(x, ...) {
  if (!reticulate::py_has_attr(x, "losses")) {
    return(show_with_changes(x))
  }
  show_line(x)
  for (term in loss_terms(x)) {
    text <- if (is_ours(term)) format(term) else paste(term_name(term), "(not of softkeras)")
    cat(strwrap(text, width = getOption("width"), indent = 2, exdent = 4), sep = "\n")
  }
  invisible(x)
}

#' @rdname softkeras-print
#' @exportS3Method summary softkeras.losses.weighted_sum.Arithmetic
summary.softkeras.losses.weighted_sum.Arithmetic <- function(object, ...) {
  if (!reticulate::py_has_attr(object, "losses")) {
    return(table_of_options(object))
  }
  terms <- loss_terms(object)
  weights <- unlist(py_value(object, "weights"))
  when <- if (is.null(weights)) list(when = c("first", "then")) else list(weight = weights)
  loss <- vapply(terms, function(term) if (is_ours(term)) format(term) else term_name(term), "")
  data.frame(when, loss = loss)
}

#' @rdname softkeras-print
#' @exportS3Method format softkeras.metrics._sums.EpochSums
format.softkeras.metrics._sums.EpochSums <- function(x, ...) describe(x, "")

#' @rdname softkeras-print
#' @exportS3Method print softkeras.metrics._sums.EpochSums
print.softkeras.metrics._sums.EpochSums <- function(x, ...) show_with_changes(x)

#' @rdname softkeras-print
#' @exportS3Method summary softkeras.metrics._sums.EpochSums
summary.softkeras.metrics._sums.EpochSums <- function(object, ...) table_of_options(object)

#' @rdname softkeras-print
#' @exportS3Method format softkeras.callbacks.SharpnessSchedule
format.softkeras.callbacks.SharpnessSchedule <- function(x, ...) {
  schedule <- reticulate::py_get_attr(x, "schedule")
  schedule <- reticulate::py_to_r(py_options()$plain(schedule))
  range <- if (!is.null(py_value(x, "start"))) {
    paste("from", format(py_value(x, "start")), "to", format(py_value(x, "end")))
  }
  warm_up <- py_value(x, "warm_up")
  layers <- unlist(py_value(x, "layers"))
  paste0("<SharpnessSchedule> ", toString(c(
    range, schedule, paste("by", py_value(x, "update")),
    if (warm_up > 0) paste("after", format(warm_up), "epochs"),
    paste("of", if (is.null(layers)) "the losses" else paste("layers", toString(layers)))
  )))
}

#' @rdname softkeras-print
#' @exportS3Method print softkeras.callbacks.SharpnessSchedule
print.softkeras.callbacks.SharpnessSchedule <- function(x, ...) show_line(x)

#' @rdname softkeras-print
#' @exportS3Method format softkeras.callbacks.LossState
format.softkeras.callbacks.LossState <- function(x, ...) {
  "<LossState> lets losses count their steps, also on JAX"
}

#' @rdname softkeras-print
#' @exportS3Method print softkeras.callbacks.LossState
print.softkeras.callbacks.LossState <- function(x, ...) show_line(x)

#' @rdname softkeras-print
#' @exportS3Method format softkeras.callbacks.EpochMetric
format.softkeras.callbacks.EpochMetric <- function(x, ...) {
  paste0("<EpochMetric> ", py_value(x, "name"), ", after each epoch")
}

#' @rdname softkeras-print
#' @exportS3Method print softkeras.callbacks.EpochMetric
print.softkeras.callbacks.EpochMetric <- function(x, ...) show_line(x)

#' @rdname softkeras-print
#' @exportS3Method format softkeras.callbacks.GradientWatch
format.softkeras.callbacks.GradientWatch <- function(x, ...) {
  seen <- as.data.frame(x)$step
  paste0(
    "<GradientWatch> every ", format(py_value(x, "every")), " steps, ",
    if (py_value(x, "stop")) "stops at a gradient that is not finite" else "never stops",
    if (length(seen)) paste0("; has looked ", length(unique(seen)), " times")
  )
}

#' @rdname softkeras-print
#' @exportS3Method print softkeras.callbacks.GradientWatch
print.softkeras.callbacks.GradientWatch <- function(x, ...) show_line(x)

show_line <- function(x) {
  cat(strwrap(format(x), width = getOption("width"), exdent = 2), sep = "\n")
  invisible(x)
}

show_with_changes <- function(x) {
  show_line(x)
  options <- object_options(x)
  # What the first line says, or what is a name only.
  said <- c("score", "function", in_first_line, "name", "dtype")
  options <- options[setdiff(names(options), said)]
  changed <- Filter(function(option) option$changed, options)
  if (length(changed)) {
    values <- vapply(changed, function(option) in_r(option$value), "")
    line <- paste("not the default:", toString(paste(names(changed), "=", values)))
    cat(strwrap(line, width = getOption("width"), indent = 2, exdent = 4), sep = "\n")
  }
  invisible(x)
}

in_first_line <- c("average", "threshold", "step", "empty")

# As in: <SoftFBeta> 1 - f_beta, average macro, threshold 0.5, step ..., empty skip
describe <- function(x, before) {
  options <- object_options(x)
  holder <- holder_of(x)
  of <- intersect(c("score", "function"), c(
    if (reticulate::py_has_attr(holder, "score")) "score", names(options)
  ))
  score <- if (length(of)) {
    reticulate::py_to_r(py_options()$plain(reticulate::py_get_attr(holder, of[1])))
  }
  if (!"score" %in% of) { # It is a loss itself.
    before <- ""
  }
  said <- lapply(intersect(in_first_line, names(options)), function(name) {
    value <- options[[name]]$value
    if (name == "step") return(paste("step", format_step(value)))
    if (name == "threshold" && is.null(value)) return("arg-max")
    if (name == "average" && is.null(value)) return("one a class")
    paste(name, if (is.character(value)) value else format(value))
  })
  paste0(
    "<", class_name(x), "> ",
    toString(c(if (!is.null(score)) paste0(before, score), unlist(said)))
  ) |> trimws()
}

class_name <- function(x) sub(".*\\.", "", class(x)[1])

term_name <- function(term) as.character(py_value(term, "name"))

format_each <- function(x) vapply(x, format, "", digits = 4)

table_of_options <- function(x) {
  options <- object_options(x)
  data.frame(
    option = names(options),
    value = vapply(options, function(option) in_r(option$value), "", USE.NAMES = FALSE),
    changed = vapply(options, `[[`, NA, "changed", USE.NAMES = FALSE)
  )
}
