#' softkeras: train Keras models on the metric that they are judged by
#'
#' Precision, recall and F-beta have no usable gradient: a rounded prediction
#' does not change when the weights change a little. softkeras puts a soft
#' decision, the distribution function of a random threshold, where the rounding
#' was, and trains on the same score.
#'
#' - Losses for `compile()`: of rates and of agreement ([loss_soft_precision()],
#'   [loss_soft_recall()], [loss_soft_fbeta()]), of one class of several
#'   ([loss_soft_categorical_kappa()], [loss_soft_mean_iou()]), of ranks
#'   ([loss_soft_auc()]) and at a constraint ([loss_soft_precision_at_recall()]).
#' - Losses of your own: [loss_score()], [loss_confusion()] and
#'   [loss_from_function()]; sums, [loss_weighted_sum()], and warm-ups,
#'   [loss_warm_up()]; [recipe_train_on()] for what did best in trials.
#' - [metric_epoch_score()]: the same score, hard, over the epoch;
#'   [callback_epoch_metric()]: any function of R.
#' - [as_labels()]: factors, logicals and data frames as labels.
#' - [steps_step()]: the shape of the soft threshold;
#'   [callback_sharpness_schedule()] changes it in training.
#' - [diagnose()] says why a loss does not train; [callback_gradient_watch()] looks
#'   at gradients in training and stops before the first that is NaN.
#' - [soft_counts()], [soft_confusion_matrix()], [best_threshold()]: what is
#'   counted, and where to cut afterwards.
#' - `op_*()`, `activation_*()` and `layer_*()`, such as [op_soft_round()]: what a
#'   loss or a network of your own has in place of rounding, thresholds and arg-max.
#' - `plot()` of losses, steps, histories and counts, and [plot_steps()].
#' - [install_softkeras()]: Python with all that is needed;
#'   [softkeras_sitrep()]: what is there, and what to do about what is not.
#'
#' Start with `vignette("softkeras")`.
#'
#' R's numbers are computed as they are, in double precision (float64), and come
#' back so; tensors in their own dtype. Two things are narrower: a layer computes
#' in its `dtype`, float32 by default as in Keras, and JAX makes float32 of all
#' unless `jax_enable_x64` is set.
#'
#' Everything is the Python module `softkeras`, which comes with this package,
#' with the same names and the same numbers; a model that is saved in one
#' language loads in the other.
#'
#' @references Marchetti et al. (2021), *Score-oriented loss (SOL) functions*,
#'   <https://arxiv.org/abs/2103.15522>.
#' @keywords internal
#' @examplesIf softkeras_available()
#' # 1 - precision, softly and with the decisions that are judged
#' y_true <- c(1, 1, 0, 0)
#' y_pred <- c(0.9, 0.4, 0.6, 0.1)
#' loss_soft_precision(y_true, y_pred)
#' loss_soft_precision(y_true, y_pred, step = "hard")
#'
#' # As the loss of a model
#' keras <- reticulate::import("keras")
#' model <- keras$Sequential(list(keras$layers$Dense(1L, activation = "sigmoid")))
#' model$compile("adam", loss = loss_soft_fbeta(), metrics = list(metric_epoch_score("f1")))
#' history <- model$fit(matrix(y_pred), as_labels(y_true), verbose = 0L)
#' as.data.frame(history)
"_PACKAGE"
