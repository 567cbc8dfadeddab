test_that("differentiable() gives a row for each op", {
  skip_if_no_keras()
  table <- differentiable(c("round", "sqrt", "shape"))
  expect_s3_class(table, "data.frame")
  expect_named(table, c(
    "op", "group", "gradient", "not_finite_at", "with_respect_to", "replacement", "note"
  ))
  expect_true(all(vapply(table, is.character, NA)))
  expect_equal(table$op, c("round", "sqrt", "shape"))
  expect_true(table$gradient[1] %in% c("zero", "none"))
  expect_equal(table$gradient[-1], c("yes", "no floats"))
  expect_equal(table$replacement[1], "softkeras.ops.soft_round")
  expect_equal(table$not_finite_at[2], "value below 0; gradient at 0")
  expect_equal(nrow(differentiable("relu")), 1)
})

test_that("differentiable() names what is wrong", {
  skip_if_no_keras()
  expect_error(differentiable("sqroot"), "sqrt")
  expect_error(differentiable("sqrt", mode = "fast"), "eager")
  expect_error(differentiable(3), "names of ops")
  expect_error(differentiable(NA_character_), "names of ops")
})
