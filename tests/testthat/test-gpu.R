# R's wrappers on a GPU: what they give on the CPU. Every case of Python's is
# compared in tests/python/gpu; here it is the way through R.

on_device <- function(device, value) {
  with(keras_module()$device(device), value())
}

# Keras on torch takes "cpu:0" for another device than "cpu".
the_cpu <- function() {
  if (keras_module()$backend$backend() == "torch") "cpu" else "cpu:0"
}

# Equal to rounding: R's doubles are float64, or float32 on JAX.
expect_same_on <- function(device, value) {
  expect_equal(on_device(device, value), on_device(the_cpu(), value), tolerance = 1e-5)
}

tensor <- function(x) keras_module()$ops$convert_to_tensor(reticulate::np_array(x, "float32"))

numbers <- function(x) as.numeric(keras_module()$ops$convert_to_numpy(x))

test_that("ops give on a GPU what they give on the CPU", {
  device <- skip_if_no_gpu()
  x <- c(-3.3, -0.4, 0, 0.6, 2.2, 40)
  calls <- list(
    function() op_exp_ratio(tensor(x)),
    function() op_soft_round(tensor(x)),
    function() op_soft_step(tensor(x), threshold = 0.5),
    function() op_hard_threshold(tensor(x), 0.5),
    function() op_soft_argmax(tensor(x)),
    function() op_soft_staircase(tensor(x), c(0, 1), c(0, 1, 4))
  )
  for (call in calls) expect_same_on(device, function() numbers(call()))
})

test_that("losses and counts give on a GPU what they give on the CPU", {
  device <- skip_if_no_gpu()
  y <- rep(c(1, 0, 0, 1, 0), 8)
  p <- seq(0.02, 0.98, length.out = 40)
  for (loss in list(loss_soft_fbeta, loss_soft_precision, loss_soft_auc)) {
    expect_same_on(device, function() numbers(loss(tensor(y), tensor(p))))
  }
  expect_same_on(device, function() unlist(lapply(soft_counts(tensor(y), tensor(p)), numbers)))
})

test_that("a model trains on a GPU as on the CPU", {
  device <- skip_if_no_gpu()
  data <- clouds()
  weights <- on_device(the_cpu(), function() small_model()$get_weights())
  trained <- function() {
    model <- small_model()
    model$set_weights(weights)
    model$compile(optimizer = "sgd", loss = loss_soft_fbeta())
    model$fit(data$x, data$y, batch_size = 10L, epochs = 1L, shuffle = FALSE, verbose = 0L)
    unlist(lapply(model$get_weights(), as.numeric))
  }
  expect_equal(on_device(device, trained), on_device(the_cpu(), trained), tolerance = 1e-3)
})
