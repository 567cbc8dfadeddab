# The golden vectors, which the Python tests read too.

decision_args <- function(case) {
  step <- case$step
  list(
    step = if (step$shape == "hard") "hard" else do.call(steps_step, step),
    threshold = case$threshold,
    from_logits = case$from_logits
  )
}

test_that("values and counts are those of the independent reference", {
  skip_if_no_keras()
  skip_if_not_installed("jsonlite")
  for (case in golden("losses")) {
    loss <- get(paste0("loss_", case$loss), asNamespace("softkeras"))
    args <- decision_args(case)
    data <- list(case$y_true, case$y_pred, sample_weight = case$sample_weight)
    more <- c(
      list(average = case$average, empty = case$empty),
      case$score_args
    )
    expect_equal(do.call(loss, c(data, args, more)), case$value, tolerance = 1e-5)
    counts <- do.call(soft_counts, c(data, args))
    # As shares of all elements: tn is what the others leave of them.
    total <- sum(unlist(counts))
    expect_equal(unlist(counts) / total, unlist(case$counts) / total, tolerance = 1e-5)
  }
})

test_that("gradients are those of the independent reference", {
  skip_if_no_keras()
  skip_if_not_installed("jsonlite")
  skip_if_not(keras_module()$backend$backend() == "tensorflow", "TensorFlow's tape")
  tf <- reticulate::import("tensorflow", convert = FALSE)
  `%as%` <- reticulate::`%as%`
  for (case in golden("losses")[seq(1, 60, by = 4)]) {
    if (is.null(case$gradient)) next
    loss <- get(paste0("loss_", case$loss), asNamespace("softkeras"))
    x <- tf$constant(reticulate::np_array(case$y_pred, "float32"))
    with(tf$GradientTape() %as% tape, {
      tape$watch(x)
      value <- do.call(loss, c(
        list(case$y_true, x, sample_weight = case$sample_weight),
        list(average = case$average, empty = case$empty),
        case$score_args,
        decision_args(case)
      ))
      value <- tf$reduce_mean(value)
    })
    gradient <- reticulate::py_to_r(tape$gradient(value, x)$numpy())
    expect_equal(gradient, case$gradient, tolerance = 1e-4)
  }
})

test_that("steps are those of the independent reference", {
  skip_if_no_keras()
  skip_if_not_installed("jsonlite")
  for (case in golden("steps")) {
    step <- do.call(steps_step, case$step)
    value <- step$`__call__`(
      reticulate::np_array(case$y_pred, "float32"), case$threshold, case$from_logits
    )
    expect_equal(as_r_numbers(value), case$value, tolerance = 1e-5)
  }
})
