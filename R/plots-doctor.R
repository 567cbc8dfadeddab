# The picture of a report: value and gradient along a line of inputs.

#' Plot what was diagnosed
#'
#' Value and gradient, with the places marked where the gradient is lost.
#'
#' @details
#' A loss is drawn along the way from predictions that are all wrong to predictions
#' that are all right, where it should fall; any other function of an input from -6
#' to 6. The dashed line is the slope of the value, by differences; the gradient by
#' autodiff should lie on it. Shaded is where the gradient is zero though the value
#' moves; crosses are where value or gradient are NaN or infinite.
#'
#' @param object,x What [diagnose()] returned.
#' @param ... Must be empty.
#'
#' @returns `autoplot()`: a ggplot object. `plot()`, which draws with R's own
#'   graphics: `x`, invisibly. An error where there is nothing to draw, which says
#'   why.
#' @family diagnosis
#' @name autoplot.softkeras_report
#' @examplesIf softkeras_available()
#' plot(diagnose(function(x) round(x)))
NULL

#' @rdname autoplot.softkeras_report
#' @exportS3Method ggplot2::autoplot softkeras_report
autoplot.softkeras_report <- function(object, ...) {
  check_dots(...)
  curve <- curve_of(object)
  panels <- c(attr(curve, "value_of"), "its gradient")
  kinds <- c("value", "gradient by autodiff", "slope of the value")
  part <- function(name, panel, kind) {
    y <- curve[[name]]
    data.frame(
      x = curve$x, y = ifelse(is.finite(y), y, NA_real_), panel = factor(panels[panel], panels),
      kind = factor(kinds[kind], kinds)
    )
  }
  lines <- rbind(part("value", 1, 1), part("gradient", 2, 2), part("difference", 2, 3))
  limits <- list(shown_range(curve$value), shown_range(c(curve$gradient, curve$difference), TRUE))
  for (i in 1:2) {
    outside <- as.integer(lines$panel) == i &
      (lines$y < limits[[i]][1] | lines$y > limits[[i]][2])
    lines$y[which(outside)] <- NA
  }
  frame <- data.frame(
    x = curve$x[1], y = unlist(limits), panel = factor(rep(panels, each = 2), panels)
  )
  zero <- data.frame(panel = factor(panels[2], panels))
  bands <- stretches(curve)
  ggplot2::ggplot(lines, ggplot2::aes(.data$x, .data$y)) +
    ggplot2::geom_blank(data = frame) +
    (if (nrow(bands)) {
      ggplot2::geom_rect(
        ggplot2::aes(xmin = .data$from, xmax = .data$to, fill = .data$what),
        data = bands, ymin = -Inf, ymax = Inf, alpha = 0.15, inherit.aes = FALSE
      )
    }) +
    ggplot2::geom_hline(ggplot2::aes(yintercept = 0), data = zero, colour = "grey75") +
    ggplot2::geom_line(
      ggplot2::aes(colour = .data$kind, linetype = .data$kind),
      linewidth = 0.7, na.rm = TRUE
    ) +
    (if (any(curve$not_finite)) {
      ggplot2::geom_point(
        ggplot2::aes(.data$x, shape = "NaN or infinite"),
        y = -Inf, data = curve[curve$not_finite, "x", drop = FALSE],
        colour = plot_colours[4], inherit.aes = FALSE
      )
    }) +
    ggplot2::facet_wrap("panel", scales = "free_y") +
    ggplot2::scale_colour_manual(values = plot_colours[1:3]) +
    ggplot2::scale_linetype_manual(values = c("solid", "solid", "42")) +
    ggplot2::scale_shape_manual(values = 4) +
    ggplot2::scale_fill_manual(values = plot_colours[6]) +
    ggplot2::labs(
      x = attr(curve, "along"), y = NULL, colour = NULL, linetype = NULL, fill = NULL,
      shape = NULL, title = object$subject
    ) +
    ggplot2::coord_cartesian(clip = "off") +
    plot_theme() +
    ggplot2::theme(
      legend.box = "vertical", legend.spacing.y = ggplot2::unit(0, "pt"),
      legend.margin = ggplot2::margin()
    )
}

#' @rdname autoplot.softkeras_report
#' @exportS3Method plot softkeras_report
plot.softkeras_report <- function(x, ...) {
  check_dots(...)
  curve <- curve_of(x)
  before <- graphics::par(
    mfrow = c(1, 2), mar = c(3, 3, 3, 1), oma = c(3.5, 0, 0, 0), bty = "l"
  )
  on.exit(graphics::par(before))
  panel <- function(title, limits) {
    graphics::plot(
      range(curve$x), limits,
      type = "n", xlab = "", ylab = "", main = title
    )
    edges <- graphics::par("usr")
    bands <- stretches(curve)
    if (nrow(bands)) {
      graphics::rect(
        bands$from, edges[3], bands$to, edges[4],
        col = grDevices::adjustcolor(plot_colours[6], 0.15), border = NA
      )
    }
    bad <- curve$x[curve$not_finite]
    graphics::points(bad, rep(edges[3], length(bad)), pch = 4, col = plot_colours[4], xpd = NA)
  }
  draw_line <- function(name, i, ...) {
    y <- curve[[name]]
    graphics::lines(curve$x, ifelse(is.finite(y), y, NA_real_), col = plot_colours[i], lwd = 2, ...)
  }
  panel(paste(attr(curve, "value_of"), "of", x$subject), shown_range(curve$value))
  draw_line("value", 1)
  panel("its gradient", shown_range(c(curve$gradient, curve$difference), TRUE))
  graphics::abline(h = 0, col = "grey75")
  draw_line("gradient", 2)
  draw_line("difference", 3, lty = 2)
  # Once for both, and at the lower edge whatever the picture's height.
  graphics::mtext(attr(curve, "along"), side = 1, outer = TRUE)
  graphics::legend(
    graphics::grconvertX(0.5, "ndc"), graphics::grconvertY(0.01, "ndc"),
    c("gradient by autodiff", "slope of the value"),
    xjust = 0.5, yjust = 0, xpd = NA, horiz = TRUE, col = plot_colours[2:3], lty = 1:2,
    lwd = 2, bty = "n", cex = 0.8
  )
  invisible(x)
}

curve_of <- function(report) {
  if (!is.data.frame(report$curve)) {
    why <- report$curve$error
    raise(
      "There is nothing to draw of ", report$subject, ": ",
      if (is.null(why)) "the report has no curve" else why, "."
    )
  }
  report$curve
}

# What is shown of numbers: a pole leaves the picture, so that the rest can be seen.
shown_range <- function(x, with_zero = FALSE) {
  x <- c(x[is.finite(x)], if (with_zero) 0)
  if (!length(x)) {
    return(c(-1, 1))
  }
  all <- range(x)
  middle <- stats::quantile(x, c(0.02, 0.98), names = FALSE)
  # Where nearly all is level, what stands out is what there is to see.
  if (diff(middle) > 1e-3 * diff(all)) {
    room <- 4 * diff(middle)
    all <- c(max(all[1], middle[1] - room), min(all[2], middle[2] + room))
  }
  if (diff(all) > 1e-6 * max(abs(all), 1e-6)) all else mean(all) + c(-0.5, 0.5)
}

# From where to where the gradient is zero though the value moves.
stretches <- function(curve) {
  edges <- diff(c(0, curve$stuck, 0))
  half <- diff(curve$x[1:2]) / 2
  data.frame(
    from = curve$x[which(edges == 1)] - half, to = curve$x[which(edges == -1) - 1] + half,
    what = rep("zero, though the value moves", sum(edges == 1))
  )
}
