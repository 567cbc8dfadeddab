"""All of keras.losses, as functions and as classes, with the data they want."""

import functools

import keras

from gallery._case import OF_SCALARS, add

# One number a batch, made of its sums: a loss of the batch as a whole.
OF_BATCH = (*OF_SCALARS, "one_class_batch")

# name: [(form, options, infos)], for the function. A class has the same, but
# for those in CLASS_OPTIONS.
FUNCTIONS = {
    "binary_crossentropy": [
        ("binary", {}, ()),
        ("multi_label", {}, ()),
        ("binary_logits", {"from_logits": True}, ()),
        ("binary", {"label_smoothing": 0.1}, ()),
    ],
    "binary_focal_crossentropy": [
        ("binary", {}, ()),
        ("binary_logits", {"from_logits": True}, ()),
        ("multi_label", {"apply_class_balancing": True}, ()),
    ],
    "categorical_crossentropy": [
        ("one_hot", {}, ()),
        ("one_hot_logits", {"from_logits": True}, ()),
        ("one_hot", {"label_smoothing": 0.1}, ()),
    ],
    "categorical_focal_crossentropy": [
        ("one_hot", {}, ()),
        ("one_hot_logits", {"from_logits": True}, ()),
    ],
    # It makes (n, n) of class ids of shape (n, 1), and its gradient at a
    # probability of 0 is that of p ** 0.5: infinite.
    "categorical_generalized_cross_entropy": [
        ("flat_ids", {"q": 0.5}, ("gradient_not_finite", "broadcasts"))
    ],
    "categorical_hinge": [("one_hot_logits", {}, ())],
    "circle": [("embeddings", {}, OF_SCALARS)],
    # XLA's gradient is NaN at predictions of nothing but 0.
    "cosine_similarity": [("vector", {}, ("modes_differ",))],
    "ctc": [("ctc", {}, ())],
    "dice": [("mask", {}, OF_BATCH), ("mask", {"axis": (1, 2, 3)}, ())],
    "hinge": [("signs", {}, ())],
    "huber": [("real", {}, ())],
    "kl_divergence": [("distribution", {}, ())],
    "log_cosh": [("real", {}, ())],
    "mean_absolute_error": [("real", {}, ())],
    "mean_absolute_percentage_error": [("positive", {}, ())],
    "mean_squared_error": [("real", {}, ()), ("vector", {}, ())],
    "mean_squared_logarithmic_error": [("positive", {}, ())],
    "poisson": [("positive", {}, ())],
    "sparse_categorical_crossentropy": [
        ("ids", {}, ()),
        ("ids_logits", {"from_logits": True}, ()),
    ],
    "squared_hinge": [("signs", {}, ())],
    "tversky": [("mask", {}, OF_BATCH), ("mask", {"axis": (1, 2, 3)}, ())],
}
CLASSES = {
    "binary_crossentropy": "BinaryCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "categorical_generalized_cross_entropy": (
        "CategoricalGeneralizedCrossEntropy"
    ),
    "categorical_hinge": "CategoricalHinge",
    "circle": "Circle",
    "cosine_similarity": "CosineSimilarity",
    "ctc": "CTC",
    "dice": "Dice",
    "hinge": "Hinge",
    "huber": "Huber",
    "kl_divergence": "KLDivergence",
    "log_cosh": "LogCosh",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mean_squared_error": "MeanSquaredError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
    "poisson": "Poisson",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "squared_hinge": "SquaredHinge",
    "tversky": "Tversky",
}
NO_LOSSES = {"Loss", "deserialize", "get", "serialize"}


def _name(name, form, options):
    given = ",".join(f"{key}={value}" for key, value in options.items())
    return f"keras.losses.{name}({given}) of {form}"


def _function(name, options):
    function = getattr(keras.losses, name)
    return functools.partial(function, **options) if options else function


for _function_name, _variants in FUNCTIONS.items():
    # Newer Kerases have losses that older ones lack.
    if not hasattr(keras.losses, _function_name):
        continue
    for _form, _options, _infos in _variants:
        add(
            _name(_function_name, _form, _options),
            functools.partial(_function, _function_name, _options),
            _form,
            _infos,
        )
        _class = CLASSES[_function_name]
        add(
            _name(_class, _form, _options),
            functools.partial(getattr(keras.losses, _class), **_options),
            _form,
            _infos,
        )
