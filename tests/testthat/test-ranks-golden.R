# The golden vectors of the losses of ranks and at a constraint.

test_that("values are those of the independent reference", {
  skip_if_no_keras()
  skip_if_not_installed("jsonlite")
  for (case in golden("ranks")) {
    loss <- get(paste0("loss_", case$loss), asNamespace("softkeras"))
    value <- do.call(loss, c(
      list(
        case$y_true, case$y_pred,
        sample_weight = case$sample_weight, step = do.call(steps_step, case$step),
        from_logits = case$from_logits
      ),
      case$args
    ))
    expect_equal(as.numeric(value), case$value, tolerance = 1e-6, info = case$loss)
  }
})
