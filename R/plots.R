# Pictures of steps, and what all pictures share. The colours are
# those of Python's softkeras.plots.

utils::globalVariables(".data") # ggplot2's pronoun for a column

plot_colours <- c("#1b9e77", "#7570b3", "#d95f02", "#e7298a", "#66a61e", "#a6761d")

need_package <- function(package, what) {
  if (!requireNamespace(package, quietly = TRUE)) {
    raise(
      what, " need the package ", package, ". Received: none; install it by ",
      "install.packages(\"", package, "\")."
    )
  }
}

plot_theme <- function() {
  ggplot2::theme_classic(base_size = 11) + ggplot2::theme(
    legend.position = "bottom",
    panel.spacing = ggplot2::unit(1.5, "lines"),
    # So that the last label of an axis that ends at its border is not cut.
    plot.margin = ggplot2::margin(6, 14, 6, 6),
    plot.title.position = "plot",
    strip.background = ggplot2::element_blank(),
    strip.text = ggplot2::element_text(size = 11, hjust = 0)
  )
}

# plot() draws what autoplot() makes.
draw <- function(x, ...) {
  need_package("ggplot2", "Plots")
  picture <- ggplot2::autoplot(x, ...)
  print(picture)
  invisible(picture)
}

#' Plot soft decisions and their gradients
#'
#' Each step on the left, its gradient on the right, against the probability; the
#' hard decision in grey.
#'
#' @details
#' The gradient comes from Python, at every point; its axis is logarithmic, from
#' 0.02 to 100, because steps differ so much. Where it is less, as where a ramp is
#' flat, there is no line. That of a straight-through step is that of its soft
#' decision.
#'
#' @param steps A list of steps: names, [steps_step()]s, or functions as in
#'   [steps_step()].
#' @param threshold Where a probability becomes a 1, between 0 and 1.
#'
#' @returns A ggplot object. An error without ggplot2, and for what is no step.
#' @references Marchetti et al. (2021), *Score-oriented loss (SOL) functions*,
#'   <https://arxiv.org/abs/2103.15522>.
#' @family plots
#' @seealso [steps_step()]
#' @export
#' @examplesIf softkeras_available() && requireNamespace("ggplot2")
#' plot_steps(list("sigmoid", "ramp", steps_step("sigmoid", 4)))
#' plot_steps("arctan", threshold = 0.3)
plot_steps <- function(
    steps = list(
      "sigmoid", steps_step("sigmoid", 1), steps_step("sigmoid", 4),
      steps_step("ramp", scale = "probability"),
      steps_step("softsign", 50, "probability", anchored = FALSE)
    ),
    threshold = 0.5) {
  need_package("ggplot2", "Plots")
  if (is.character(steps)) {
    steps <- as.list(steps)
  } else if (is_python(steps) || !is.list(steps)) {
    steps <- list(steps)
  }
  steps <- lapply(steps, get_step)
  labels <- make.unique(vapply(steps, label_step, ""), sep = " #")
  curves <- lapply(steps, step_data, threshold = threshold)
  for (i in seq_along(curves)) {
    curves[[i]]$step <- factor(labels[i], labels)
  }
  picture_of_steps(do.call(rbind, curves), threshold)
}

get_step <- function(step) {
  call_python(py_softkeras()$steps$get, list(as_py_callable(step, "step")))
}

# p, decision and gradient of a step.
step_data <- function(step, threshold = 0.5, p = seq(0, 1, length.out = 2001)) {
  curve <- call_python(py_curves()$step_curve, list(
    step, without_na(list(threshold = threshold))$threshold,
    reticulate::np_array(p, "float64")
  ))
  data.frame(
    p = p, decision = as_r_numbers(curve[[0]]), gradient = as_r_numbers(curve[[1]])
  )
}

# Probabilities for a table of a step: 0, the threshold, 1 and others between, as
# close together as the curve is steep and bends. Each side of the threshold has
# half of them.
points_of_curve <- function(step, threshold, count = 101) {
  near <- 10^seq(-15, -2, by = 0.25)
  p <- sort(unique(c(0, near, seq(0, 1, length.out = 2001), threshold, 1 - near, 1)))
  decision <- step_data(step, threshold, p)$decision
  side <- function(here, count) {
    length <- c(0, cumsum(sqrt(diff(p[here])^2 + diff(decision[here])^2)))
    # Between points that are closer the angle would be that of rounding errors.
    kept <- !duplicated(floor(length / 1e-4)) | seq_along(length) == length(length)
    x <- p[here][kept]
    angle <- atan2(diff(decision[here][kept]), diff(x))
    turn <- abs(diff(angle)) / 2
    turns <- c(turn, 0) + c(0, turn)
    share <- diff(length[kept]) / max(length) + turns / max(sum(turns), 1e-6)
    stats::approx(c(0, cumsum(share)), x, seq(0, sum(share), length.out = count), rule = 2)$y
  }
  half <- (count + 1) / 2
  below <- side(p <= threshold, half)
  above <- side(p >= threshold, half)
  c(0, below[-c(1, half)], threshold, above[-c(1, half)], 1)
}

py_curves <- function() {
  py_softkeras()
  reticulate::import("softkeras._curves", convert = FALSE)
}

label_step <- function(step) {
  part <- step_parts(step)
  toString(c(part$shape, part$short))
}

# What the axis of gradients shows, as powers of 10.
gradient_range <- log10(c(0.02, 100))

picture_of_steps <- function(curves, threshold) {
  panels <- c("soft decision F(p)", "its gradient F'(p), log scale")
  panel <- function(i) factor(panels[i], panels)
  decision <- data.frame(curves[c("p", "step")], y = curves$decision, panel = panel(1))
  gradient <- data.frame(
    curves[c("p", "step")],
    y = suppressWarnings(log10(curves$gradient)), panel = panel(2)
  )
  beyond <- !(gradient$y >= gradient_range[1] & gradient$y <= gradient_range[2])
  gradient$y[beyond] <- NA
  hard <- data.frame(
    p = c(0, threshold, threshold, 1), y = c(0, 0, 1, 1), panel = panel(1)
  )
  # Facets have one transformation; so the logarithms are drawn, with the labels
  # of what they are of. Only their panel has -1.
  frame <- data.frame(p = 0.5, y = gradient_range, panel = panel(2))
  is_gradient <- function(y) min(y, na.rm = TRUE) <= -1
  count <- nlevels(curves$step)
  ggplot2::ggplot(rbind(decision, gradient), ggplot2::aes(.data$p, .data$y)) +
    ggplot2::geom_blank(data = frame) +
    ggplot2::geom_line(data = hard, colour = "grey75") +
    ggplot2::geom_line(
      ggplot2::aes(colour = .data$step, linetype = .data$step),
      na.rm = TRUE, linewidth = 0.7
    ) +
    ggplot2::facet_wrap("panel", scales = "free_y") +
    ggplot2::scale_colour_manual(values = rep_len(plot_colours, count)) +
    ggplot2::scale_linetype_manual(
      values = rep(1:6, each = length(plot_colours), length.out = count)
    ) +
    ggplot2::scale_x_continuous(
      breaks = seq(0, 1, 0.25), labels = c("0", "0.25", "0.5", "0.75", "1"),
      expand = c(0, 0)
    ) +
    ggplot2::scale_y_continuous(
      breaks = function(limits) if (is_gradient(limits)) -1:2 else seq(0, 1, 0.25),
      labels = function(breaks) if (is_gradient(breaks)) 10^breaks else breaks
    ) +
    ggplot2::labs(
      x = "probability p", y = NULL,
      colour = "shape, sharpness, scale", linetype = "shape, sharpness, scale"
    ) +
    plot_theme() +
    ggplot2::guides(
      colour = ggplot2::guide_legend(title.position = "top", ncol = 2),
      linetype = ggplot2::guide_legend(title.position = "top", ncol = 2)
    )
}

#' Plot a step
#'
#' `autoplot()` and `plot()` of a [steps_step()]: [plot_steps()] of one.
#'
#' @inheritParams plot_steps
#' @param object,x A [steps_step()].
#' @param ... For `plot()`, the arguments of `autoplot()`; else must be empty.
#'
#' @returns A ggplot object; `plot()` also draws it.
#' @family plots
#' @name autoplot.step
#' @examplesIf softkeras_available() && requireNamespace("ggplot2")
#' plot(steps_step("ramp"), threshold = 0.3)
NULL

#' @rdname autoplot.step
#' @exportS3Method ggplot2::autoplot softkeras.steps.Step
autoplot.softkeras.steps.Step <- function(object, threshold = 0.5, ...) {
  check_dots(...)
  plot_steps(list(object), threshold)
}

#' @rdname autoplot.step
#' @exportS3Method plot softkeras.steps.Step
plot.softkeras.steps.Step <- function(x, ...) draw(x, ...)
