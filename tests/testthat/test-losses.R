y <- c(1, 1, 0, 0, 1)
p <- c(0.9, 0.4, 0.6, 0.1, 0.7)

test_that("without data a loss is an instance, with data its value", {
  skip_if_no_keras()
  for (loss in list(loss_soft_precision, loss_soft_recall, loss_soft_fbeta)) {
    instance <- loss()
    expect_s3_class(instance, "keras.src.losses.loss.Loss")
    value <- loss(y, p)
    expect_type(value, "double")
    expect_equal(as_r_numbers(instance$call(array(y), array(p))), value, tolerance = 1e-6)
  }
})

test_that("hard losses are what a confusion matrix says", {
  skip_if_no_keras()
  called <- p > 0.5
  precision <- sum(called & y == 1) / sum(called)
  recall <- sum(called & y == 1) / sum(y == 1)
  f2 <- 5 * precision * recall / (4 * precision + recall)
  expect_equal(loss_soft_precision(y, p, step = "hard"), 1 - precision, tolerance = 1e-6)
  expect_equal(loss_soft_recall(y, p, sharpness = Inf), 1 - recall, tolerance = 1e-6)
  expect_equal(loss_soft_fbeta(y, p, beta = 2, step = "hard"), 1 - f2, tolerance = 1e-6)
})

test_that("the question's own precision loss comes out", {
  skip_if_no_keras()
  rounded <- function(p, k = 100) 0.5 * (1 + k * (p - 0.5) / (1 + k * abs(p - 0.5)))
  d <- rounded(p)
  step <- steps_step("softsign", 50, "probability", anchored = FALSE)
  tp <- sum(y * d)
  fp <- sum((1 - y) * d)
  expect_equal(loss_soft_precision(y, p, step = step), 1 - tp / (tp + fp), tolerance = 1e-6)
  ramp <- pmin(1, pmax(0, ((p - 0.5) + 0.0625) / 0.125))
  step <- steps_step("ramp", 8, "probability")
  expect_equal(
    loss_soft_precision(y, p, step = step),
    1 - sum(y * ramp) / sum(ramp),
    tolerance = 1e-6
  )
})

test_that("data may be vectors, matrices, integers, logicals and tensors", {
  skip_if_no_keras()
  want <- loss_soft_fbeta(y, p)
  expect_equal(loss_soft_fbeta(as.integer(y), p), want)
  expect_equal(loss_soft_fbeta(y == 1, p), want)
  expect_equal(loss_soft_fbeta(matrix(y), matrix(p)), want)
  expect_equal(loss_soft_fbeta(y, matrix(p)), want)
  tensor <- keras_module()$ops$convert_to_tensor(p, "float32")
  value <- loss_soft_fbeta(y, tensor)
  expect_true(is_python(value))
  expect_equal(as_r_numbers(value), want, tolerance = 1e-6)
  expect_equal(loss_soft_fbeta(1, 0.7, step = "hard"), 0)
})

test_that("doubles are computed in double precision", {
  skip_if_no_keras()
  skip_if_float32()
  identity <- steps_step(sharpness = 1)
  counts <- soft_counts(y, p, step = identity)
  expect_equal(counts$tp, sum(y * p), tolerance = 1e-14)
  w <- c(1, 2, 0.3, 3, 1) / 3
  precision <- sum(w * y * p) / sum(w * p)
  expect_equal(
    loss_soft_precision(y, p, step = identity, sample_weight = w), 1 - precision,
    tolerance = 1e-14
  )
  # As float32 both are the threshold itself.
  expect_equal(soft_counts(c(1, 1), 0.5 + c(1e-12, -1e-12), step = "hard")$tp, 1)
})

test_that("weights and masks go into the counts", {
  skip_if_no_keras()
  w <- c(1, 2, 0, 3, 1)
  expect_equal(
    loss_soft_fbeta(y, p, sample_weight = w),
    loss_soft_fbeta(rep(y, w), rep(p, w)),
    tolerance = 1e-6
  )
  expect_equal(
    loss_soft_fbeta(y, p, mask = w > 0),
    loss_soft_fbeta(y[w > 0], p[w > 0]),
    tolerance = 1e-6
  )
})

test_that("NULL means the arg-max for the threshold, one loss a class for average", {
  skip_if_no_keras()
  y <- diag(3)
  p <- rbind(c(0.4, 0.3, 0.3), c(0.2, 0.3, 0.5), c(0.1, 0.2, 0.7))
  expect_equal(loss_soft_recall(y, p, threshold = NULL, step = "hard", average = NULL), c(0, 1, 0))
})

test_that("a function of R can be the step", {
  skip_if_no_keras()
  ops <- keras_module()$ops
  cut <- function(u) ops$clip(ops$add(ops$multiply(u, 8), 0.5), 0, 1)
  expect_equal(
    loss_soft_precision(y, p, step = cut),
    loss_soft_precision(y, p, step = steps_step("ramp", 8, "probability")),
    tolerance = 1e-6
  )
})

test_that("what is refused is named", {
  skip_if_no_keras()
  expect_error(loss_soft_precision(c("no", "yes"), c(0.1, 0.2)), "y_true.*character")
  expect_error(loss_soft_precision(c(0, 1), c("a", "b")), "y_pred.*character")
  expect_error(
    loss_soft_precision(c(0, 1), data.frame(p = c("a", "b"))),
    "y_pred.*columns that are not: p \\(character"
  )
  expect_error(loss_soft_precision(c(0, 1), factor(c("a", "b"))), "y_pred.*factor.*only labels")
  expect_error(loss_soft_precision(list(0, 1), c(0.1, 0.2)), "y_true.*list")
  expect_error(loss_soft_precision(c(0, NA), c(0.1, 0.2)), "y_true.*1 missing value;")
  expect_error(loss_soft_precision(c(0, 1), c(NA, NaN)), "y_pred.*2 missing values")
  expect_error(loss_soft_precision(NULL, c(0.1, 0.2)), "y_true.*NULL")
  expect_error(loss_soft_precision(c(0, 1)), "only `y_true`")
  expect_error(loss_soft_precision(y_pred = c(0, 1)), "only `y_pred`")
  expect_error(loss_soft_precision(c(0, 1), c(0.1, 0.2, 0.3)), "\\(2,\\).*\\(3,\\)")
  expect_error(loss_soft_precision(c(0, 2), c(0.1, 0.2)), "labels from 0 to 1.*2")
  expect_error(loss_soft_precision(c(0, 1), c(0L, 1L)), "y_pred.*floats.*int32")
  expect_error(
    loss_soft_precision(c(0, 1), c(0.1, 0.2), sample_weight = c(1, -1)), "sample_weight.*-1"
  )
  expect_error(loss_soft_precision(c(0, 1), c(0.1, 0.2), mask = "no"), "mask.*character")
  expect_error(loss_soft_precision(step = "sgimoid"), "sgimoid.*sigmoid")
  expect_error(loss_soft_precision(sharpness = 0), "sharpness.*above 0")
  expect_error(loss_soft_precision(threshold = 1), "threshold.*between 0 and 1")
  expect_error(loss_soft_precision(average = "mean"), "average.*macro.*mean")
  expect_error(loss_soft_fbeta(beta = -1), "beta.*above 0")
  expect_error(loss_soft_precision(sharpnes = 1), "sharpnes")
  expect_error(
    loss_soft_precision(c(0, 1), c(0.1, 0.2), mask = c(TRUE, NA)),
    "mask.*1 missing value; each must be TRUE or FALSE"
  )
  expect_error(
    loss_soft_precision(c(0, 1), c(0.1, 0.2), sample_weight = c(1, NA)), "a weight of 0 leaves out"
  )
  expect_error(loss_soft_precision(c(0, 1), c(0.1, NA)), "give a mask")
  expect_error(loss_continuous_bernoulli(c(0, 1), c(0.1, NA)), "put a number there")
  expect_error(
    loss_soft_precision(y, p, "hard"),
    "without a name.*behind `y_pred` must be named; there are average, empty"
  )
  expect_error(loss_soft_precision(sample_weight = 1), "sample_weight.*fit")
  expect_error(loss_soft_precision(y, p, name = "mine"), "name.*instance")
})

test_that("NA as an option is refused by name", {
  skip_if_no_keras()
  expect_error(loss_soft_precision(threshold = NA), "`threshold` must not be NA", fixed = TRUE)
  expect_error(
    loss_soft_fbeta(c(1, 0), c(0.9, 0.1), beta = NA), "`beta` must not be NA", fixed = TRUE
  )
  expect_error(metric_epoch_score("recall", average = NA), "`average` must not be NA", fixed = TRUE)
  expect_error(steps_step(sharpness = NA), "`sharpness` must not be NA", fixed = TRUE)
})

test_that("momentum goes on from batch to batch, in training alone", {
  skip_if_no_keras()
  skip_if(keras_module()$backend$backend() == "jax", "a loss can't keep state on JAX")
  keras <- keras_module()
  loss <- loss_soft_fbeta(momentum = 0.5)
  expect_equal(length(reticulate::py_to_r(loss$get_state())), 0)
  model <- keras$Sequential(list(
    keras$Input(reticulate::tuple(1L)),
    keras$layers$Dense(1L, activation = "sigmoid")
  ))
  model$compile(optimizer = "sgd", loss = loss)
  x <- reticulate::np_array(matrix(p), "float32")
  labels <- reticulate::np_array(matrix(y), "float32")
  model$fit(x, labels, batch_size = 5L, epochs = 2L, verbose = 0L)
  state <- reticulate::py_to_r(loss$get_state())
  # 5 rows in either batch, one half and then one quarter of which is kept.
  expect_equal(sum(state$sums), 5 * 0.75, tolerance = 1e-5)
  expect_equal(as.numeric(state$weight), 0.75)
  model$evaluate(x, labels, verbose = 0L)
  expect_equal(reticulate::py_to_r(loss$get_state()), state)
  other <- loss_score("f_beta", momentum = 0.5)
  other$set_state(loss$get_state())
  expect_equal(reticulate::py_to_r(other$get_state()), state)
  loss$reset()
  expect_equal(sum(reticulate::py_to_r(loss$get_state())$sums), 0)
})

test_that("momentum is for a loss instance, from 0 to below 1", {
  skip_if_no_keras()
  expect_error(loss_soft_fbeta(y, p, momentum = 0.9), "`momentum` goes with a loss instance")
  expect_error(loss_soft_recall(momentum = 1), "from 0 to below 1")
  expect_error(loss_soft_dice(momentum = 0.5, average = "samples"), "average = 'samples'")
  expect_equal(as.numeric(reticulate::py_to_r(loss_soft_fbeta(momentum = 0.9)$momentum)), 0.9)
})
