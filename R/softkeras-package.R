#' softkeras: train Keras models on the metric that they are judged by
#'
#' Precision, recall and F-beta have no usable gradient: a rounded prediction
#' does not change when the weights change a little. softkeras puts a soft
#' decision, the distribution function of a random threshold, where the rounding
#' was, and trains on the same score.
#'
#' - [loss_soft_precision()], [loss_soft_recall()], [loss_soft_fbeta()]: losses
#'   for `compile()`.
#' - [metric_epoch_score()]: the same score, hard, over the epoch.
#' - [soft_counts()]: the soft true and false positives and negatives.
#' - [steps_step()]: the shape of the soft threshold.
#' - [install_softkeras()]: Python with all that is needed.
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
#' @references Marchetti et al. (2021), *Score-oriented loss functions*,
#'   <https://arxiv.org/abs/2103.15522>.
#' @keywords internal
"_PACKAGE"
