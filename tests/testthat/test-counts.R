test_that("counts are the sums over all but the classes, or over the axis", {
  skip_if_no_keras()
  y <- cbind(c(1, 0, 1), c(0, 0, 1))
  p <- cbind(c(0.9, 0.6, 0.2), c(0.3, 0.1, 0.8))
  identity <- steps_step(sharpness = 1)
  counts <- soft_counts(y, p, step = identity)
  expect_equal(counts$tp, colSums(y * p), tolerance = 1e-6)
  expect_equal(counts$fp, colSums((1 - y) * p), tolerance = 1e-6)
  expect_equal(counts$fn, colSums(y * (1 - p)), tolerance = 1e-6)
  expect_equal(counts$tn, colSums((1 - y) * (1 - p)), tolerance = 1e-6)
  expect_equal(soft_counts(y, p, step = identity, axis = 1)$tp, colSums(y * p), tolerance = 1e-6)
  expect_equal(soft_counts(y, p, step = identity, axis = 2)$tp, rowSums(y * p), tolerance = 1e-6)
  expect_equal(soft_counts(y, p, step = identity, axis = -1)$tp, rowSums(y * p), tolerance = 1e-6)
  expect_equal(soft_counts(y, p, step = identity, axis = 1:2)$tp, sum(y * p), tolerance = 1e-6)
})

test_that("tensors give tensors", {
  skip_if_no_keras()
  tensor <- keras_module()$ops$convert_to_tensor(c(0.1, 0.8), "float32")
  counts <- soft_counts(c(0, 1), tensor, step = "hard")
  expect_true(is_python(counts$tp))
  expect_equal(vapply(counts, as_r_numbers, 0), c(tp = 1, fp = 0, fn = 0, tn = 1))
})

test_that("an axis is a whole number from 1 on", {
  skip_if_no_keras()
  for (axis in list(0, 1.5, NA, "1", c(1, 0))) {
    expect_error(soft_counts(c(0, 1), c(0.1, 0.8), axis = axis), "axis.*from 1 on")
  }
  for (axis in list(2, -2, c(1, 2))) {
    expect_error(
      soft_counts(c(0, 1), c(0.1, 0.8), axis = axis),
      "axis of `y_pred`, which has 1: counted from 1"
    )
  }
  expect_error(
    soft_counts(diag(2), diag(2), axis = c(1, -2)),
    "name each axis once. Received: c(1, -2)", fixed = TRUE
  )
  expect_error(soft_counts(c(0, 1), c(0.1, 0.8), axes = 1), "axes")
})
