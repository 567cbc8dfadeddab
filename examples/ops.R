# Functions without a gradient, from R: their values, and in a model that trains.
#
#   Rscript examples/ops.R
#
# The question: "I'm trying to write a precision loss with 0/1 outcomes in R's
# Keras; round has no gradient", and the same of sign, argmax, thresholds and
# 1/(1 - exp(-x)) - 1/x. Through reticulate, so that keras3 is not needed; with
# it, activation_*() goes into layer_dense(activation = ) in the same way.

# TensorFlow's lines when it starts.
Sys.setenv(TF_CPP_MIN_LOG_LEVEL = "3", TF_ENABLE_ONEDNN_OPTS = "0")
library(softkeras)
keras <- reticulate::import("keras")
# Each model is traced, and TensorFlow warns that so many are.
reticulate::import("logging")$getLogger("tensorflow")$setLevel("ERROR")

show <- function(what, value) cat(sprintf("  %-46s %s\n", what, toString(signif(value, 4))))

cat("Values; indices count from 1\n\n")
x <- c(-1, 0.4, 0.5, 2.9)
show("op_soft_round(c(-1, 0.4, 0.5, 2.9))", op_soft_round(x))
show("  hard = TRUE", op_soft_round(x, hard = TRUE))
scores <- c(1, 3, 2)
show("op_soft_argmax(c(1, 3, 2))", op_soft_argmax(scores))
show("  sharpness = 10", op_soft_argmax(scores, sharpness = 10))
show("  which.max()", which.max(scores))
show("op_hard_threshold(c(-6, -5, 1, 14), 5)", op_hard_threshold(c(-6, -5, 1, 14), 5))
x <- c(-1000, 0, 1000)
show("op_exp_ratio(c(-1000, 0, 1000))", op_exp_ratio(x))
show("  1 / (1 - exp(-x)) - 1 / x", 1 / (1 - exp(-x)) - 1 / x)

# Malignant or benign by sixteen yes-or-no neurons, standardised measurements.
data <- as.matrix(read.csv("inst/extdata/breast_cancer.csv"))
held_out <- seq_len(nrow(data)) %% 4 == 1
x <- data[, -ncol(data)]
x <- scale(x, colMeans(x[!held_out, ]), apply(x[!held_out, ], 2, stats::sd))
y <- data[, ncol(data), drop = FALSE]

train <- function(activation) {
  keras$utils$set_random_seed(1L)
  hidden <- keras$layers$Dense(16L, activation = activation)
  model <- keras$Sequential(list(
    keras$Input(reticulate::tuple(ncol(x))), hidden,
    keras$layers$Dense(1L, activation = "sigmoid")
  ))
  before <- hidden$get_weights()[[1]]
  model$compile(keras$optimizers$Adam(0.01), loss = "binary_crossentropy")
  history <- model$fit(
    x[!held_out, ], y[!held_out, , drop = FALSE],
    epochs = 20L, batch_size = 32L, verbose = 0L
  )
  p <- model$predict(x[held_out, ], verbose = 0L)
  loss <- unlist(history$history$loss)
  c(
    mean(abs(hidden$get_weights()[[1]] - before)), loss[1], loss[length(loss)],
    mean((p > 0.5) == y[held_out, ])
  )
}

cat("\nHidden neurons that say -1 or 1: malignant or benign, 20 epochs\n\n")
ways <- list(
  "sign" = keras$ops$sign,
  "activation_soft_sign()" = activation_soft_sign(sharpness = 1),
  "activation_soft_sign(straight_through = TRUE)" =
    activation_soft_sign(sharpness = 1, straight_through = TRUE)
)
cat(sprintf("  %-46s%6s%8s%8s%10s\n", "activation", "moved", "first", "last", "accuracy"))
for (name in names(ways)) {
  row <- train(ways[[name]])
  cat(sprintf("  %-46s%6.3f%8.3f%8.3f%10.3f\n", name, row[1], row[2], row[3], row[4]))
}
cat("\n  moved: the mean distance that a hidden weight went; 0: no gradient, and\n")
cat("  Keras says nothing. first, last: the loss of the epoch. accuracy: held out.\n")
