#' The shape of a soft threshold
#'
#' A soft 0/1 decision: the distribution function \eqn{F(p) = P(T \le p)}{F(p) =
#' P(T <= p)} of a random threshold. Its gradient is that threshold's density.
#'
#' @details
#' With \eqn{G} the shape, scaled to the slope 1 at 0, \eqn{s} the sharpness and
#' \eqn{t} the threshold of the loss:
#'
#' - on the scale `"logit"`: \eqn{F(p) = G(s/4 (logit\,p - logit\,t))}{F(p) =
#'   G(s/4 (logit p - logit t))}; for the sigmoid the identity at \eqn{s = 1},
#'   \eqn{t = 1/2}.
#' - on the scale `"probability"`, not anchored: \eqn{F(p) = G(s (p - t))}.
#' - on the scale `"probability"`, anchored: the same curve, rescaled on each side
#'   of the threshold to be exactly 0, 1/2, 1 at \eqn{p = 0, t, 1}.
#'
#' | shape | G(v) | density |
#' |---|---|---|
#' | `"sigmoid"` | 1/(1 + exp(-4v)) | 4 G (1 - G) |
#' | `"softsign"` | 1/2 + v/(1 + 2 abs(v)) | 1/(1 + 2 abs(v))^2 |
#' | `"ramp"` | 1/2 + v, cut to 0..1 | 1 where abs(v) <= 1/2, else 0 |
#' | `"raised_cosine"` | 1/2 + v/2 + sin(pi v)/(2 pi), abs(v) <= 1 | cos(pi v/2)^2 |
#' | `"arctan"` | 1/2 + arctan(pi v)/pi | 1/(1 + pi^2 v^2) |
#' | `"normal"` | `pnorm(sqrt(2 * pi) * v)` | exp(-pi v^2) |
#' | `"triangular"` | 1/2 + v - v abs(v)/2, abs(v) <= 1 | 1 - abs(v) |
#' | `"smoothstep"` | 3x^2 - 2x^3, x = 1/2 + 2v/3 in 0..1 | 1 - (4v/3)^2 |
#' | `"smootherstep"` | 6x^5 - 15x^4 + 10x^3, x = 1/2 + 8v/15 in 0..1 | (1 - (16v/15)^2)^2 |
#' | `"hard"` | 1 if v > 0, else 0 | 0: a hard step can't be trained through |
#'
#' A shape of bounded range is 0 or 1 beyond it, with the density 0.
#'
#' The gradient is s G'(.) on `"probability"` and s/4 G'(.)/(p(1 - p)) on
#' `"logit"`, finite for every finite prediction.
#'
#' @param shape A name from the table, or a function of the distance to the
#'   threshold that gives 1/2 at 0. It is called with a tensor, not with numbers of
#'   R, and is made of Keras's operations: with
#'   `keras <- reticulate::import("keras", convert = FALSE)` the sigmoid is
#'   `function(v) keras$ops$sigmoid(keras$ops$multiply(v, 4))`.
#' @param sharpness The slope at the threshold, above 0, per unit of probability,
#'   whatever the shape. On `"logit"` a unit of probability is measured where the
#'   threshold sits at 1/2: per unit of p the slope is s/(4 t (1 - t)). `Inf` is
#'   the hard decision; `"hard"` takes no other. Default: 0.25 on `"logit"`, 8 on
#'   `"probability"`.
#' @param scale `"logit"` (the log-odds; the default) or `"probability"`.
#' @param anchored On `"probability"`, rescale as above; the default for the named
#'   shapes. It needs a sharpness of at least 1/(2 min(t, 1 - t)).
#' @param straight_through Whether to give exactly the hard decision forward and
#'   the soft step's gradient backward.
#'
#' @returns A Python object to pass as `step`. An error for an unknown shape or
#'   scale, a sharpness that is not above 0 or that of a hard step, or a combination
#'   that is not defined.
#' @references Marchetti et al. (2021), *Score-oriented loss (SOL) functions*,
#'   <https://arxiv.org/abs/2103.15522>; for straight-through, Bengio et al.
#'   (2013), <https://arxiv.org/abs/1308.3432>.
#' @export
#' @examplesIf softkeras_available()
#' # The softsign round with max_gradient 100, centred on 0.5
#' round_100 <- steps_step("softsign", 50, "probability", anchored = FALSE)
#' loss_soft_precision(c(1, 0, 1), c(0.9, 0.6, 0.2), step = round_100)
steps_step <- function(
    shape = "sigmoid", sharpness = NULL, scale = NULL, anchored = NULL,
    straight_through = FALSE) {
  Step <- py_softkeras()$steps$Step
  call_python(Step, without_na(list(
    shape = as_py_callable(shape, "shape"), sharpness = sharpness, scale = scale,
    anchored = anchored, straight_through = straight_through
  )))
}
