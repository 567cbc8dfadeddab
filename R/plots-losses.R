# The picture of a loss: one prediction of a batch moves.

#' Plot what a loss does
#'
#' The loss of a small batch as one prediction moves from 0 to 1, and the gradient
#' that a network gets of it.
#'
#' @details
#' The solid line is the loss, the dashed one the same loss with hard decisions,
#' 1 - the score that is judged (none for what has no decision). The gradient is
#' that in the logit \eqn{x} of the prediction \eqn{p} that moves: with
#' \eqn{p = 1/(1 + e^{-x})} it is \eqn{p (1 - p)} times that in \eqn{p}. Below 0,
#' training raises the prediction, above 0 it lowers it; where it is 0, the
#' prediction is not trained. It comes from Python, exactly.
#'
#' A prediction of one class of several shares its row with the others, which keep
#' their ratios while it moves: so is \eqn{x} the logit in the softmax. That is
#' taken to be so for losses of the confusion matrix, of the arg-max
#' (`threshold = NULL`) and of the top k.
#'
#' A [loss_warm_up()] is shown as the loss in force, a loss with `momentum` as that
#' of the batch alone; neither counts what is looked at. A loss of several numbers
#' is shown by their mean.
#'
#' @param object,x A loss, as made by `loss_soft_fbeta()` and its like, also a sum
#'   or a warm-up of them, without data.
#' @param y_true,y_pred Labels and predictions of the batch, as the loss takes
#'   them. Default: six predictions, two of them about to be decided.
#' @param element Which predictions move, each on its own: an index of `y_pred` as
#'   R has it, such as `c(1, 4)`, or `cbind(row, column)`. Default: one with label
#'   1 and one with label 0, or the first of your `y_pred`.
#' @param points At how many points from 0 to 1, both left out.
#' @param ... For `plot()`, the arguments of `autoplot()`; else must be empty.
#'
#' @returns A ggplot object; `plot()` also draws it. Its `data` has a row for each
#'   point and element. Errors as those of the loss.
#' @references Marchetti et al. (2021), *Score-oriented loss (SOL) functions*,
#'   <https://arxiv.org/abs/2103.15522>.
#' @family plots
#' @name autoplot.loss
#' @examplesIf softkeras_available() && requireNamespace("ggplot2")
#' plot(loss_soft_fbeta())
#' plot(loss_soft_precision(step = "ramp"), c(1, 0, 0), c(0.7, 0.6, 0.1), element = 2)
NULL

#' @rdname autoplot.loss
#' @exportS3Method ggplot2::autoplot softkeras.losses.weighted_sum.Arithmetic
autoplot.softkeras.losses.weighted_sum.Arithmetic <- function(
    object, y_true = NULL, y_pred = NULL, element = NULL, points = 101, ...) {
  check_dots(...)
  curve <- loss_data(object, y_true, y_pred, element, points)
  title <- strwrap(paste("One prediction moves:", format(object)), 90)
  picture_of_loss(curve, paste(title, collapse = "\n"))
}

#' @rdname autoplot.loss
#' @exportS3Method plot softkeras.losses.weighted_sum.Arithmetic
plot.softkeras.losses.weighted_sum.Arithmetic <- function(x, ...) draw(x, ...)

picture_of_loss <- function(curve, title) {
  panels <- c("loss", "its gradient in the logit")
  kinds <- c("the loss", "with hard decisions")
  part <- function(y, panel, kind) {
    data.frame(
      curve[c("element", "p")],
      y = curve[[y]], panel = factor(panels[panel], panels),
      kind = factor(kinds[kind], kinds)
    )
  }
  soft <- rbind(part("loss", 1, 1), part("gradient", 2, 1))
  picture <- ggplot2::ggplot(soft, ggplot2::aes(.data$p, .data$y,
    colour = .data$element, linetype = .data$kind
  )) +
    ggplot2::geom_hline(
      ggplot2::aes(yintercept = 0),
      data = data.frame(panel = factor(panels[2], panels)), colour = "grey75"
    )
  if (!all(is.na(curve$hard))) {
    picture <- picture + ggplot2::geom_step(
      data = part("hard", 1, 2), direction = "mid", linewidth = 0.5
    )
  }
  picture + ggplot2::geom_line(linewidth = 0.7) +
    ggplot2::facet_wrap("panel", scales = "free_y") +
    ggplot2::scale_colour_manual(
      values = rep_len(plot_colours, nlevels(curve$element))
    ) +
    ggplot2::scale_linetype_manual(values = c("solid", "22")) +
    ggplot2::scale_x_continuous(
      breaks = seq(0, 1, 0.25), labels = c("0", "0.25", "0.5", "0.75", "1"),
      limits = c(0, 1), expand = c(0, 0)
    ) +
    ggplot2::labs(
      x = "the prediction that moves, as a probability", y = NULL, title = title,
      colour = NULL, linetype = NULL
    ) +
    ggplot2::guides(
      colour = ggplot2::guide_legend(order = 1),
      linetype = ggplot2::guide_legend(order = 2, keywidth = 2)
    ) +
    plot_theme() +
    ggplot2::theme(
      plot.title = ggplot2::element_text(size = 10), legend.box = "vertical",
      legend.spacing.y = ggplot2::unit(0, "lines"), legend.margin = ggplot2::margin()
    )
}

# p, loss, gradient in the logit and hard loss, for each element.
loss_data <- function(loss, y_true, y_pred, element, points) {
  curves <- py_curves()
  if (is.null(y_true) != is.null(y_pred)) {
    raise(
      "Give both `y_true` and `y_pred`, or neither for a batch to look at. Received: only ",
      if (is.null(y_pred)) "`y_true`." else "`y_pred`."
    )
  }
  alone <- call_python(curves$alone, list(loss))
  hard <- call_python(curves$hardened, list(loss))
  kind <- batch_kind(alone)
  batch <- if (is.null(y_pred)) {
    default_batch(kind)
  } else {
    list(y_true = y_true, y_pred = y_pred, element = 1)
  }
  if (is_python(batch$y_pred) || is_python(batch$y_true)) {
    raise("`y_true` and `y_pred` must be numbers of R, for a picture.")
  }
  as_py_data(batch$y_pred, "y_pred") # is refused by name if it is no data
  if (!is.null(element)) {
    batch$element <- element
  }
  y_pred <- batch$y_pred
  y_true <- as_py_labels(batch$y_true, y_pred, kind$labels, kind$sparse)
  index <- array(seq_along(y_pred), size_of(y_pred))[batch$element]
  if (!length(index) || anyNA(index)) {
    raise(
      "`element` must be an index of `y_pred`, which has ", length(y_pred),
      " entries. Received: ", deparse1(batch$element), "."
    )
  }
  is_whole <- is.numeric(points) && length(points) == 1 && isTRUE(points >= 2)
  if (!is_whole) {
    raise("`points` must be a number of 2 or more. Received: ", deparse1(points), ".")
  }
  p <- (seq_len(points) - 0.5) / as.integer(points)
  moved <- do.call(rbind, lapply(index, function(i) {
    moves <- lapply(p, function(p) move(y_pred, i, p, kind))
    stacked <- stack_arrays(lapply(moves, `[[`, "y_pred"))
    along <- function(loss, flat) {
      found <- call_python(curves$loss_curve, list(
        loss, y_true, reticulate::np_array(stacked, "float64"),
        flat = flat
      ))
      list(value = as_r_numbers(found[[0]]), gradient = as_r_numbers(found[[1]]))
    }
    soft <- along(alone, FALSE)
    slopes <- matrix(soft$gradient, length(p))
    directions <- do.call(rbind, lapply(moves, function(m) as.vector(m$direction)))
    data.frame(
      element = name_element(y_pred, batch$y_true, i),
      p = p, loss = soft$value, gradient = rowSums(slopes * directions),
      hard = if (is_none(hard)) NA_real_ else along(hard, TRUE)$value
    )
  }))
  moved$element <- factor(moved$element, unique(moved$element))
  moved
}

is_none <- function(x) is.null(x) || inherits(x, "python.builtin.NoneType")

# Arrays of one shape as one array, the first axis that of the list.
stack_arrays <- function(arrays) {
  size <- size_of(arrays[[1]])
  array(do.call(rbind, lapply(arrays, as.vector)), c(length(arrays), size))
}

# y_pred with entry `i` at probability `p`, and how the entries change with the
# logit of `p`.
move <- function(y_pred, i, p, kind) {
  direction <- array(0, size_of(y_pred))
  others <- if (kind$exclusive) others_of(y_pred, i)
  if (kind$from_logits) {
    total <- if (length(others)) max(y_pred[others]) + log(sum(exp(
      y_pred[others] - max(y_pred[others])
    )))
    y_pred[i] <- stats::qlogis(p) + if (is.null(total)) 0 else total
    direction[i] <- 1
  } else {
    if (length(others)) {
      rest <- y_pred[others] / sum(y_pred[others])
      if (anyNA(rest)) { # They are all 0.
        rest <- rep(1 / length(others), length(others))
      }
      y_pred[others] <- (1 - p) * rest
      direction[others] <- -p * (1 - p) * rest
    }
    y_pred[i] <- p
    direction[i] <- p * (1 - p)
  }
  list(y_pred = y_pred, direction = direction)
}

# The entries that are in a row with entry `i`, whose classes lie on the last axis.
others_of <- function(y_pred, i) {
  size <- size_of(y_pred)
  rows <- prod(size[-length(size)])
  setdiff(seq_along(y_pred)[seq_along(y_pred) %% rows == i %% rows], i)
}

name_element <- function(y_pred, y_true, i) {
  place <- if (length(size_of(y_pred)) == 1) {
    paste("prediction", i)
  } else {
    at <- arrayInd(i, size_of(y_pred))
    sprintf("row %d, column %s", at[1], paste(at[-1], collapse = ", "))
  }
  show <- function(label) if (is.numeric(label)) format(label, digits = 3) else as.character(label)
  if (length(y_true) == length(y_pred)) {
    paste0(place, " (label ", show(y_true[i]), ")")
  } else if (length(y_true) == nrow(as.matrix(y_pred))) {
    paste0(place, " (class of the row: ", show(y_true[at[1]]), ")")
  } else {
    place
  }
}

# What predictions a loss is of.
batch_kind <- function(loss) {
  part <- Find(is_ours, loss_leaves(loss))
  if (is.null(part)) {
    part <- loss
  }
  holder <- holder_of(part)
  kind <- list(
    from_logits = py_value(holder, "from_logits", FALSE),
    labels = option_of(part, "labels", c(0, 1)),
    sparse = option_of(part, "sparse", FALSE),
    groups = inherits(part, paste0("softkeras.losses.top.", c("SoftNDCG", "SoftPrecisionAtK"))),
    exclusive = inherits(part, c(
      "softkeras.losses.confusion.ConfusionLoss", "softkeras.losses.top_k.SoftTopKAccuracy"
    )) || (reticulate::py_has_attr(holder, "threshold") && is.null(py_value(holder, "threshold")))
  )
  kind$classes <- kind$exclusive || kind$sparse
  kind
}

# Six predictions of which two are near the decision, one for each label.
default_batch <- function(kind) {
  if (kind$classes) {
    ids <- c(0, 0, 1, 1, 2, 2)
    p <- rbind(
      c(0.5, 0.3, 0.2), c(0.3, 0.4, 0.3), c(0.4, 0.5, 0.1), c(0.2, 0.7, 0.1),
      c(0.1, 0.3, 0.6), c(0.1, 0.6, 0.3)
    )
    y <- if (kind$sparse) ids else relabel(diag(3)[ids + 1, ], kind$labels)
    return(list(
      y_true = y, y_pred = if (kind$from_logits) log(p) else p, element = c(1, 3)
    ))
  }
  y <- relabel(c(1, 1, 1, 0, 0, 0), kind$labels)
  p <- c(0.6, 0.8, 0.3, 0.4, 0.2, 0.7)
  if (kind$from_logits) {
    p <- stats::qlogis(p)
  }
  if (kind$groups) {
    y <- matrix(y, 1)
    p <- matrix(p, 1)
  }
  list(y_true = y, y_pred = p, element = c(1, 4))
}

relabel <- function(y, labels) labels[1] + y * (labels[2] - labels[1])
