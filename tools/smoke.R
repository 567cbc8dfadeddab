# Uses an installed R package softkeras as its user would: tools/try_dist.sh runs it.
#
#   Rscript smoke.R ENVIRONMENT VERSION MODEL.keras
#
# ENVIRONMENT is what install_softkeras() made; MODEL.keras comes from smoke.py, and
# beside it lie its predictions.
library(softkeras)

args <- commandArgs(TRUE)
environment <- args[1]
version <- args[2]
model_of_python <- args[3]
reticulate::use_virtualenv(environment, required = TRUE)
keras <- reticulate::import("keras")

# It is the one that was just installed, with the module that it brings.
library_of_mine <- normalizePath(Sys.getenv("R_LIBS_USER"))
stopifnot(
  as.character(packageVersion("softkeras")) == version,
  dirname(normalizePath(system.file(package = "softkeras"))) == library_of_mine
)
config <- softkeras_config()
print(config)
module <- reticulate::import("softkeras")
stopifnot(
  length(config$problems) == 0,
  startsWith(normalizePath(module$`__file__`), library_of_mine),
  identical(module$`__version__`, version)
)

x <- matrix(seq(-1, 1, length.out = 400), ncol = 2, byrow = TRUE)
y <- as_labels(x[, 1] > 0.8)

# A model that Python saved, with a loss of ours in it.
of_python <- keras$saving$load_model(model_of_python)
predicted <- as.vector(of_python$predict(x, verbose = 0L))
stopifnot(max(abs(predicted - scan(paste0(model_of_python, ".csv"), quiet = TRUE))) < 1e-5)

keras$utils$set_random_seed(1L)
model <- keras$Sequential(list(
  keras$layers$Input(list(2L)),
  keras$layers$Dense(8L, activation = "relu"),
  keras$layers$Dense(1L, activation = "sigmoid")
))
model$compile(
  optimizer = "adam", loss = loss_soft_fbeta(), metrics = list(metric_epoch_score("f1"))
)
history <- unlist(model$fit(x, y, epochs = 20L, verbose = 0L)$history$loss)
stopifnot(all(is.finite(history)), tail(history, 1) < history[1])
model$save("models/r.keras")
loaded <- keras$saving$load_model("models/r.keras")
stopifnot(identical(loaded$predict(x, verbose = 0L), model$predict(x, verbose = 0L)))

report <- diagnose(function(y_true, y_pred) mean(abs(y_true - round(y_pred))))
stopifnot(inherits(try(stop_for_errors(report), silent = TRUE), "try-error"))
stop_for_errors(diagnose(loss_soft_fbeta()))

cat(
  "R package softkeras ", version, ", R ", format(getRversion()), ", reticulate ",
  format(packageVersion("reticulate")), ", Keras ", config$keras, ": trains, loads, ",
  "diagnoses\n",
  sep = ""
)
