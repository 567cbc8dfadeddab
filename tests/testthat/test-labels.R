# Labels as R has them: factors, logicals, data frames.

p <- c(0.9, 0.4, 0.6, 0.1)
y <- c(1, 1, 0, 0)
shares <- rbind(c(0.7, 0.2, 0.1), c(0.2, 0.5, 0.3), c(0.3, 0.3, 0.4))
species <- factor(c("setosa", "virginica", "versicolor"), levels(iris$Species))

test_that("the second of two levels is positive, and a message says so", {
  skip_if_no_keras()
  answers <- factor(c("yes", "yes", "no", "no"))
  .globals$said <- NULL
  expect_message(
    expect_equal(loss_soft_fbeta(answers, p), loss_soft_fbeta(y, p)),
    "\"yes\" of `y_true` is positive: the second level, as in glm"
  )
  expect_no_message(loss_soft_fbeta(answers, p))
  turned <- factor(answers, levels = c("yes", "no"))
  suppressMessages({
    expect_equal(loss_soft_fbeta(turned, p), loss_soft_fbeta(1 - y, p))
    expect_equal(
      loss_soft_fbeta(answers, p, labels = c(-1, 1)), loss_soft_fbeta(y, p)
    )
    expect_equal(soft_counts(answers, p), soft_counts(y, p))
    expect_equal(best_threshold(answers, p), best_threshold(y, p))
  })
  # The levels that glm() models the probability of.
  coefficients <- coef(glm(answers ~ p, binomial, control = list(maxit = 3)))
  expect_gt(coefficients[["p"]], 0)
})

test_that("levels are classes where predictions have a column for each", {
  skip_if_no_keras()
  one_hot <- diag(3)[c(1, 3, 2), ]
  want <- loss_soft_categorical_accuracy(one_hot, shares)
  .globals$said <- NULL
  expect_message(
    expect_equal(loss_soft_categorical_accuracy(species, shares), want),
    "column of 0 and 1 for each level, in the order \"setosa\", \"versicolor\", \"virginica\""
  )
  expect_message(
    expect_equal(loss_soft_categorical_accuracy(species, shares, sparse = TRUE), want),
    "\"setosa\" = 0, \"versicolor\" = 1, \"virginica\" = 2"
  )
  suppressMessages(expect_equal(
    soft_confusion_matrix(species, shares, sparse = TRUE),
    soft_confusion_matrix(c(0, 2, 1), shares, sparse = TRUE)
  ))
  keras <- keras_module()
  tensor <- keras$ops$convert_to_tensor(reticulate::np_array(shares, "float32"))
  suppressMessages(expect_equal(
    as_r_numbers(loss_soft_categorical_accuracy(species, tensor)), want,
    tolerance = 1e-6
  ))
})

test_that("the same classes in another order are refused", {
  skip_if_no_keras()
  colnames(shares) <- rev(levels(species))
  for (sparse in c(TRUE, FALSE)) {
    expect_error(
      loss_soft_categorical_accuracy(species, shares, sparse = sparse), "in another order"
    )
  }
  colnames(shares) <- paste0(".pred_", rev(levels(species)))
  expect_error(loss_soft_categorical_accuracy(species, shares), "in another order")
  colnames(shares) <- paste0(".pred_", levels(species))
  suppressMessages(expect_type(loss_soft_categorical_accuracy(species, shares), "double"))
  colnames(shares) <- rev(levels(species))
  labels <- diag(3)
  colnames(labels) <- levels(species)
  expect_error(loss_soft_precision(labels, shares), "in another order")
  colnames(shares) <- levels(species)
  expect_type(loss_soft_precision(labels, shares), "double")
})

test_that("data frames and logicals are matrices", {
  skip_if_no_keras()
  want <- loss_soft_precision(cbind(y, 1 - y), cbind(p, 1 - p))
  expect_equal(
    loss_soft_precision(data.frame(a = y, b = 1 - y), data.frame(a = p, b = 1 - p)), want
  )
  expect_equal(
    loss_soft_precision(data.frame(a = y == 1, b = y == 0), cbind(p, 1 - p)), want
  )
  as_factor <- function(x) factor(x, labels = c("no", "yes"))
  suppressMessages(expect_equal(
    loss_soft_precision(data.frame(a = as_factor(y), b = as_factor(1 - y)), cbind(p, 1 - p)),
    want
  ))
  expect_equal(loss_soft_precision(y == 1, p), loss_soft_precision(y, p))
})

test_that("TRUE is positive whatever the numbers of labels are", {
  skip_if_no_keras()
  y <- c(TRUE, FALSE, TRUE, FALSE)
  p <- c(0.9, 0.2, 0.4, 0.6)
  expect_equal(loss_soft_precision(y, p, labels = c(-1, 1)), loss_soft_precision(y, p))
  of_numpy <- loss_soft_precision(reticulate::np_array(y), p, labels = c(-1, 1))
  expect_equal(as_r_numbers(of_numpy), loss_soft_precision(y, p), tolerance = 1e-6)
})

test_that("what labels can't be is named, with what to do", {
  skip_if_no_keras()
  expect_error(loss_soft_precision(species, p[1:3]), "\"virginica\".*sparse = TRUE")
  expect_error(
    loss_soft_precision(species, cbind(p, p)[1:3, ]), "2 columns, which must be one a level"
  )
  expect_error(loss_soft_precision(factor(rep("yes", 4)), p), "levels = c\\(negative, positive\\)")
  expect_error(loss_soft_precision(c("no", "yes", "no", "no"), p), "factor\\(\\)")
  suppressMessages(expect_error(
    loss_soft_precision(factor(c("no", "yes", NA, "no")), p), "1 missing value"
  ))
  expect_error(loss_soft_precision(data.frame(a = letters[1:4]), p), "a \\(character\\)")
})

test_that("as_labels() makes what fit() takes", {
  expect_message(
    expect_identical(as_labels(factor(c("no", "yes"))), array(c(0, 1))),
    "\"yes\" of `y` is positive"
  )
  expect_identical(as_labels(c(TRUE, FALSE)), array(c(1, 0)))
  expect_identical(as_labels(c(2L, 0L), sparse = TRUE), array(c(2L, 0L)))
  expect_error(as_labels(c(1, 2, 2)), "from 1 to 2; they must be from 0 to 1: factor")
  expect_identical(
    as_labels(species, quiet = TRUE),
    matrix(
      c(1, 0, 0, 0, 0, 1, 0, 1, 0), 3,
      dimnames = list(NULL, levels(species))
    )
  )
  expect_identical(as_labels(species, sparse = TRUE, quiet = TRUE), array(c(0L, 2L, 1L)))
  expect_identical(
    as_labels(factor(c("a", "b")), labels = c(-1, 1), quiet = TRUE), array(c(-1, 1))
  )
  expect_identical(as_labels(c(TRUE, FALSE), labels = c(-1, 1)), array(c(1, -1)))
  expect_identical(
    as_labels(
      data.frame(a = c(TRUE, FALSE), b = factor(c("u", "v"))),
      labels = c(-1, 1), quiet = TRUE
    ),
    cbind(a = c(1, -1), b = c(-1, 1))
  )
  expect_identical(as_labels(data.frame(a = 0:1)), cbind(a = 0:1))
  expect_error(as_labels(c(0, 1.5), sparse = TRUE), "Received: 1.5; with sparse = TRUE")
  expect_error(as_labels(c(0L, -1L), sparse = TRUE), "Received: -1; with sparse = TRUE")
  expect_message(as_labels(1:3, sparse = TRUE), "least id of `y` is 1; classes are counted from 0")
  expect_no_message(as_labels(0:2, sparse = TRUE))
  for (wrong in list(1, c(0, 0), c(0, NA), c(0, Inf), 0:2, c("no", "yes"), list(0, 1), NULL)) {
    expect_error(
      as_labels(factor(c("a", "b")), labels = wrong),
      paste0("positive label. Received: ", deparse1(wrong), "."),
      fixed = TRUE, label = deparse1(wrong)
    )
  }
  expect_error(as_labels(c(2, 0), sparse = TRUE, labels = c(-1, 1)), "labels = c\\(-1, 1\\), which")
  expect_error(as_labels("yes"), "character")
  expect_error(as_labels(factor(c("no", NA), levels = c("no", "yes")), quiet = TRUE), "missing")
  expect_error(as_labels(factor("yes")), "levels")
})
