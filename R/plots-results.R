# Pictures of what came out: a history, a confusion matrix, counts.

#' Plot the history of a training
#'
#' Loss and metrics by epoch, of training and of validation, of the history that
#' Keras's own `fit()` returns through reticulate.
#'
#' @details
#' What else the history has, such as the `sharpness` of
#' [callback_sharpness_schedule()], a [callback_epoch_metric()] or a learning rate, is
#' shown too, as `other`. keras3's
#' `fit()` returns an object of its own class, whose `plot()` is keras3's.
#'
#' @param object,x A history, as `model$fit()` returns it.
#' @param ... For `plot()`, the arguments of `autoplot()`; else must be empty.
#' @param metrics Which of `loss` and the metrics to show. Default: all.
#'
#' @returns A ggplot object; `plot()` also draws it. An error for a history without
#'   an epoch, and for metrics that it does not have.
#' @family plots
#' @name autoplot.history
#' @examplesIf softkeras_available() && requireNamespace("ggplot2")
#' keras <- reticulate::import("keras")
#' model <- keras$Sequential(list(keras$layers$Dense(1L, activation = "sigmoid")))
#' model$compile("sgd", loss = loss_soft_fbeta(), metrics = list(metric_epoch_score("f1")))
#' x <- cbind(seq(-1, 1, length.out = 40))
#' history <- model$fit(x, array(as.numeric(x > 0)), epochs = 5L, verbose = 0L)
#' plot(history)
NULL

#' @rdname autoplot.history
#' @exportS3Method ggplot2::autoplot keras.src.callbacks.history.History
autoplot.keras.src.callbacks.history.History <- function(object, metrics = NULL, ...) {
  check_dots(...)
  table <- as.data.frame(object)
  if (!nrow(table)) {
    raise("The history has no epoch yet; plot it after fit().")
  }
  known <- unique(table$metric)
  if (!is.null(metrics)) {
    if (!is.character(metrics) || !length(metrics) || !all(metrics %in% known)) {
      raise(
        "`metrics` must be among ", toString(known), ". Received: ", deparse1(metrics), "."
      )
    }
    known <- metrics
    table <- table[table$metric %in% known, ]
  }
  table$metric <- factor(table$metric, known)
  table$data <- factor(table$data, intersect(c("training", "validation", "other"), table$data))
  epochs <- length(unique(table$epoch))
  # One value has no line, and many points hide it.
  points <- if (epochs <= 30) ggplot2::geom_point(size = 1.2, na.rm = TRUE)
  ggplot2::ggplot(table, ggplot2::aes(
    .data$epoch, .data$value,
    colour = .data$data, linetype = .data$data
  )) +
    ggplot2::geom_line(linewidth = 0.7, na.rm = TRUE) +
    points +
    ggplot2::facet_wrap("metric", scales = "free_y") +
    ggplot2::scale_x_continuous(breaks = function(limits) {
      breaks <- unique(round(pretty(limits, 5)))
      breaks[breaks >= 1]
    }) +
    ggplot2::scale_colour_manual(values = c(
      training = plot_colours[1], validation = plot_colours[3], other = plot_colours[2]
    )) +
    ggplot2::scale_linetype_manual(values = c(
      training = "solid", validation = "42", other = "12"
    )) +
    ggplot2::labs(x = "epoch", y = NULL, colour = NULL, linetype = NULL) +
    plot_theme() +
    if (all(table$data == "training")) ggplot2::theme(legend.position = "none")
}

#' @rdname autoplot.history
#' @exportS3Method plot keras.src.callbacks.history.History
plot.keras.src.callbacks.history.History <- function(x, ...) draw(x, ...)

#' Plot counts and confusion matrices
#'
#' Labels by row and decisions by column, as tiles: the number is the count, the
#' colour its share of the label's row.
#'
#' @details
#' [soft_counts()] of one class are a matrix of two labels, with `fn` and `tp` in the
#' row of the positive label and `tn` and `fp` in that of the negative one. Those of
#' several classes have a row each.
#'
#' @param object,x What [soft_confusion_matrix()] or [soft_counts()] returns.
#' @param ... For `plot()`, the arguments of `autoplot()`; else must be empty.
#' @param digits How many significant digits the numbers have.
#'
#' @returns A ggplot object; `plot()` also draws it.
#' @family plots
#' @name autoplot.counts
#' @examplesIf softkeras_available() && requireNamespace("ggplot2")
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' plot(soft_confusion_matrix(diag(3), y_pred))
#' plot(soft_counts(diag(3), y_pred))
NULL

#' @rdname autoplot.counts
#' @exportS3Method ggplot2::autoplot softkeras_confusion
autoplot.softkeras_confusion <- function(object, digits = 3, ...) {
  check_dots(...)
  cells <- as.data.frame(object)
  picture_of_cells(cells, digits)
}

#' @rdname autoplot.counts
#' @exportS3Method plot softkeras_confusion
plot.softkeras_confusion <- function(x, ...) draw(x, ...)

#' @rdname autoplot.counts
#' @exportS3Method ggplot2::autoplot softkeras_counts
autoplot.softkeras_counts <- function(object, digits = 3, ...) {
  check_dots(...)
  table <- as.data.frame(object)
  cell <- function(name, label, decision) {
    kind <- setdiff(names(table), c("tp", "fp", "fn", "tn"))
    of <- if (length(kind)) paste(kind, table[[kind]]) else rep("", nrow(table))
    data.frame(
      class = factor(of, unique(of)), label = label, decision = decision,
      count = table[[name]]
    )
  }
  cells <- rbind(
    cell("tn", "negative", "negative"), cell("fp", "negative", "positive"),
    cell("fn", "positive", "negative"), cell("tp", "positive", "positive")
  )
  cells$label <- factor(cells$label)
  cells$decision <- factor(cells$decision)
  if (nrow(table) == 1) {
    return(picture_of_cells(cells, digits))
  }
  # A row a class, because many matrices of two labels can't be read.
  cells$of <- paste(cells$label, "labels")
  names <- rep(c("tn", "fp", "fn", "tp"), each = nrow(table))
  cells$name <- factor(names, c("tp", "fn", "fp", "tn"))
  cells$of <- factor(cells$of, c("positive labels", "negative labels"))
  tiles(cells, digits, "name", "class", nrow(table)) +
    ggplot2::facet_wrap("of", scales = "free_x") +
    ggplot2::labs(x = NULL, y = NULL)
}

#' @rdname autoplot.counts
#' @exportS3Method plot softkeras_counts
plot.softkeras_counts <- function(x, ...) draw(x, ...)

picture_of_cells <- function(cells, digits) {
  tiles(cells, digits, "decision", "label", nlevels(cells$label)) + ggplot2::coord_equal() +
    ggplot2::labs(x = "decision", y = "label")
}

# Counts as tiles: `x` and `y` are columns of `cells`, of which `y` has so many
# levels, drawn from the top as they are printed.
tiles <- function(cells, digits, x, y, levels) {
  group <- interaction(cells$label, if (is.null(cells$class)) 1 else cells$class)
  total <- stats::ave(cells$count, group, FUN = sum)
  cells$share <- ifelse(total > 0, cells$count / total, 0)
  cells$text <- vapply(cells$count, format, "", digits = digits)
  crowded <- sum(nchar(levels(cells[[x]]))) > 50
  ggplot2::ggplot(cells, ggplot2::aes(.data[[x]], .data[[y]])) +
    ggplot2::geom_tile(ggplot2::aes(fill = .data$share), colour = "white") +
    ggplot2::geom_text(
      ggplot2::aes(label = .data$text),
      colour = ifelse(cells$share > 0.55, "white", "black"), size = max(2, min(4, 28 / levels))
    ) +
    ggplot2::scale_fill_gradient(
      low = "#eef4f1", high = "#0b5d43", limits = c(0, 1),
      breaks = c(0, 0.5, 1), labels = c("0", "0.5", "1")
    ) +
    ggplot2::scale_x_discrete(expand = c(0, 0)) +
    ggplot2::scale_y_discrete(limits = rev(levels(cells[[y]])), expand = c(0, 0)) +
    ggplot2::labs(fill = "share of the label") +
    plot_theme() +
    ggplot2::theme(
      axis.line = ggplot2::element_blank(), axis.ticks = ggplot2::element_blank(),
      axis.text.x = if (crowded) ggplot2::element_text(angle = 45, hjust = 1),
      legend.title = ggplot2::element_text(size = 9, vjust = 0.9)
    )
}
