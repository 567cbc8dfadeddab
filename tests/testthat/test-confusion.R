# A confusion matrix has a class and names of the classes; here only its numbers.
numbers <- function(matrix) unname(unclass(matrix))

y <- c(0, 1, 2, 2, 1, 0)
p <- rbind(
  c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3), c(0.1, 0.2, 0.7),
  c(0.5, 0.4, 0.1), c(0.6, 0.2, 0.2)
)
called <- max.col(p) - 1

test_that("hard it is the table of labels and decisions", {
  skip_if_no_keras()
  w <- c(1, 2, 0.5, 1, 3, 1)
  want <- unclass(stats::xtabs(w ~ y + called))
  got <- numbers(soft_confusion_matrix(y, p, w, sparse = TRUE, step = "hard"))
  expect_equal(got, matrix(want, 3), tolerance = 1e-6)
  expect_equal(
    numbers(soft_confusion_matrix(diag(3)[y + 1, ], p, w, step = "hard")), got,
    tolerance = 1e-6
  )
})

test_that("soft it is the sum of products", {
  skip_if_no_keras()
  labels <- diag(3)[y + 1, ]
  got <- numbers(soft_confusion_matrix(labels, p, sharpness = 1))
  expect_equal(got, t(labels) %*% p, tolerance = 1e-6)
  tensor <- keras_module()$ops$convert_to_tensor(p, "float32")
  expect_true(is_python(soft_confusion_matrix(labels, tensor)))
})

test_that("losses, matrices and the reference agree", {
  skip_if_no_keras()
  skip_if_not_installed("jsonlite")
  for (case in golden("confusion")) {
    loss <- get(paste0("loss_", case$loss), asNamespace("softkeras"))
    data <- list(case$y_true, case$y_pred, sample_weight = case$weight)
    decision <- case[c("step", "sharpness", "from_logits", "sparse")]
    more <- c(list(empty = case$empty), case$score_args)
    expect_equal(do.call(loss, c(data, decision, more)), case$value, tolerance = 1e-5)
    got <- numbers(do.call(soft_confusion_matrix, c(data, decision)))
    expect_equal(got, case$matrix, tolerance = 1e-5)
  }
})

test_that("a score is a function of tensors", {
  skip_if_no_keras()
  ops <- reticulate::import("keras", convert = FALSE)$ops
  accuracy <- function(m) ops$divide(ops$trace(m), ops$sum(m))
  got <- loss_confusion(accuracy, y, p, sparse = TRUE)
  expect_equal(got, loss_soft_categorical_accuracy(y, p, sparse = TRUE), tolerance = 1e-6)
  metric <- metric_epoch_confusion_score(accuracy, sparse = TRUE)
  for (rows in list(1:4, 5:6)) metric$update_state(y[rows], p[rows, ])
  expect_equal(as_r_numbers(metric$result()), mean(y == called), tolerance = 1e-6)
})

test_that("a model learns by it", {
  skip_if_no_keras()
  keras <- keras_module()
  keras$utils$set_random_seed(1L)
  x <- as.matrix(scale(datasets::iris[1:4]))
  labels <- array(as.integer(datasets::iris$Species) - 1)
  model <- keras$Sequential(list(
    keras$Input(reticulate::tuple(4L)),
    keras$layers$Dense(8L, activation = "relu"),
    keras$layers$Dense(3L)
  ))
  options <- list(sparse = TRUE, from_logits = TRUE)
  model$compile(
    optimizer = keras$optimizers$Adam(0.05),
    loss = do.call(loss_soft_categorical_matthews, options),
    metrics = list(do.call(metric_epoch_confusion_score, c("categorical_kappa", options)))
  )
  model$fit(x, labels, epochs = 25L, verbose = 0L)
  result <- model$evaluate(x, labels, verbose = 0L, return_dict = TRUE)
  expect_gt(result$categorical_kappa, 0.85)
})

test_that("what is refused is named", {
  skip_if_no_keras()
  expect_error(loss_confusion("f_beta"), "f_beta.*categorical_kappa")
  expect_error(loss_confusion("categorical_kappa", y, p, "linear"), "must be named")
  expect_error(loss_soft_categorical_kappa(weights = "cubic"), "quadratic.*cubic")
  expect_error(loss_soft_categorical_cost(), "`cost_matrix` has to be given")
  expect_error(loss_soft_mean_iou(ignore_class = 1), "sparse = TRUE")
  expect_error(soft_confusion_matrix(y + 1, p, sparse = TRUE), "ids of the 3 classes")
  expect_error(soft_confusion_matrix(y, p, sparsely = TRUE), "sparsely")
  expect_error(metric_epoch_confusion_score("mean_iou", 2), "must be named")
})
