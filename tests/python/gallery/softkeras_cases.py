"""All of softkeras.losses, the ops that are activations, and the layers."""

import functools

import softkeras.layers
import softkeras.losses
import softkeras.ops
from gallery._case import OF_SCALARS, add

# A mean of scores over classes or groups is not the mean of its parts, and one
# class alone may have no score. A batch without any has the loss 0.
OF_BATCH = (*OF_SCALARS, "one_class_batch", "unused_target")
THIRD = [[0, 1, 2, 3], [1, 0, 1, 2], [2, 1, 0, 1], [3, 2, 1, 0]]


def _squared(y_true, y_pred):
    return (y_true - y_pred) ** 2


# Arguments without which a loss can't be made, and other forms of data.
OPTIONS = {
    "SoftCategoricalCost": {"cost_matrix": THIRD},
    "SoftPrecisionAtRecall": {"recall": 0.8},
    "SoftRecallAtPrecision": {"precision": 0.8},
    "SoftSensitivityAtSpecificity": {"specificity": 0.8},
    "SoftSpecificityAtSensitivity": {"sensitivity": 0.8},
    "SoftPrecisionAtK": {"k": 2},
    "SoftTopKAccuracy": {"k": 2},
    "ConfusionLoss": {"score": "categorical_accuracy"},
    "ScoreLoss": {"score": "f_beta"},
    "FunctionLoss": {"function": _squared},
    "WarmUp": {
        "first": "binary_crossentropy",
        "then": softkeras.losses.SoftFBeta(),
        "steps": 1000,
    },
    "WeightedSum": {
        "losses": ["binary_crossentropy", softkeras.losses.SoftFBeta()]
    },
}
FORMS = {
    "SoftNDCG": "relevance",
    "SoftPrecisionAtK": "hits",
    "SoftTopKAccuracy": "one_hot",
    "SoftMeanIoU": "one_hot",
    "ConfusionLoss": "one_hot",
    "ContinuousBernoulli": "binary_logits",
}
# Functions by the class whose options they share.
FUNCTIONS = {
    "soft_cohen_kappa": "SoftCohenKappa",
    "soft_critical_success_index": "SoftCriticalSuccessIndex",
    "soft_dice": "SoftDice",
    "soft_fbeta": "SoftFBeta",
    "soft_fowlkes_mallows": "SoftFowlkesMallows",
    "soft_g_mean": "SoftGMean",
    "soft_jaccard": "SoftJaccard",
    "soft_matthews": "SoftMatthews",
    "soft_tversky": "SoftTversky",
    "soft_accuracy": "SoftAccuracy",
    "soft_balanced_accuracy": "SoftBalancedAccuracy",
    "soft_expected_cost": "SoftExpectedCost",
    "soft_hamming": "SoftHamming",
    "soft_informedness": "SoftInformedness",
    "soft_markedness": "SoftMarkedness",
    "soft_negative_predictive_value": "SoftNegativePredictiveValue",
    "soft_precision": "SoftPrecision",
    "soft_recall": "SoftRecall",
    "soft_specificity": "SoftSpecificity",
    "soft_categorical_accuracy": "SoftCategoricalAccuracy",
    "soft_categorical_balanced_accuracy": "SoftCategoricalBalancedAccuracy",
    "soft_categorical_cost": "SoftCategoricalCost",
    "soft_categorical_kappa": "SoftCategoricalKappa",
    "soft_categorical_matthews": "SoftCategoricalMatthews",
    "soft_mean_iou": "SoftMeanIoU",
    "soft_precision_at_recall": "SoftPrecisionAtRecall",
    "soft_recall_at_precision": "SoftRecallAtPrecision",
    "soft_sensitivity_at_specificity": "SoftSensitivityAtSpecificity",
    "soft_specificity_at_sensitivity": "SoftSpecificityAtSensitivity",
    "soft_auc": "SoftAUC",
    "soft_average_precision": "SoftAveragePrecision",
    "soft_ndcg": "SoftNDCG",
    "soft_precision_at_k": "SoftPrecisionAtK",
    "soft_top_k_accuracy": "SoftTopKAccuracy",
    "confusion_loss": "ConfusionLoss",
    "continuous_bernoulli": "ContinuousBernoulli",
    "score_loss": "ScoreLoss",
}


def _function(name, options):
    function = getattr(softkeras.losses, name)
    return functools.partial(function, **options) if options else function


for _name in softkeras.losses.__all__:
    _class = FUNCTIONS.get(_name, _name)
    _form = FORMS.get(
        _class, "one_hot" if "Categorical" in _class else "multi_label"
    )
    _options = OPTIONS.get(_class, {})
    if _name == _class:
        _make = functools.partial(getattr(softkeras.losses, _name), **_options)
    else:
        _make = functools.partial(_function, _name, _options)
    add(f"softkeras.losses.{_name}", _make, _form, OF_BATCH)

# Of one output alone, as most use them; and of logits and class ids.
for _class in ("SoftPrecision", "SoftFBeta", "SoftMatthews", "SoftAUC"):
    _make = getattr(softkeras.losses, _class)
    add(f"softkeras.losses.{_class} of binary", _make, "binary", OF_BATCH)
    add(
        f"softkeras.losses.{_class} of logits",
        functools.partial(_make, from_logits=True),
        "binary_logits",
        OF_BATCH,
    )
add(
    "softkeras.losses.SoftCategoricalAccuracy of ids",
    functools.partial(softkeras.losses.SoftCategoricalAccuracy, sparse=True),
    "ids",
    OF_BATCH,
)

STAIRS = {"thresholds": [-1.0, 0.0, 1.0], "levels": [0.0, 1.0, 2.0, 3.0]}
# name: (form, options).
ACTIVATIONS = {
    "continuous_bernoulli_mean": ("activation", {}),
    "exp_ratio": ("activation", {}),
    "exp_ratio_sum": ("activation", {}),
    "hard_threshold": ("activation", {"threshold": 0.5}),
    "log_exprel": ("activation", {}),
    "soft_argmax": ("rows", {}),
    "soft_ceil": ("activation", {}),
    "soft_floor": ("activation", {}),
    "soft_one_hot": ("rows", {}),
    "soft_round": ("activation", {}),
    "soft_sign": ("activation", {}),
    "soft_staircase": ("activation", STAIRS),
    "soft_step": ("activation", {}),
}
LAYERS = {
    "HardThreshold": ("activation", {"threshold": 0.5}),
    "SoftArgmax": ("rows", {}),
    "SoftCeil": ("activation", {}),
    "SoftFloor": ("activation", {}),
    "SoftOneHot": ("rows", {}),
    "SoftRound": ("activation", {}),
    "SoftSign": ("activation", {}),
    "SoftStaircase": ("activation", STAIRS),
    "SoftStep": ("activation", {}),
}


def _op(name, options):
    function = getattr(softkeras.ops, name)
    return functools.partial(function, **options) if options else function


for _name, (_form, _options) in ACTIVATIONS.items():
    add(
        f"softkeras.ops.{_name}",
        functools.partial(_op, _name, _options),
        _form,
    )
    if _name.startswith("soft_"):
        add(
            f"softkeras.ops.{_name}(straight_through=True)",
            functools.partial(
                _op, _name, {**_options, "straight_through": True}
            ),
            _form,
            "straight_through",
            "The exact value forward, the soft one's gradient backward.",
        )
for _name, (_form, _options) in LAYERS.items():
    add(
        f"softkeras.layers.{_name}",
        functools.partial(getattr(softkeras.layers, _name), **_options),
        _form,
    )
add(
    "softkeras.layers.HardThreshold(trainable=True)",
    functools.partial(
        softkeras.layers.HardThreshold, 0.5, trainable=True, surrogate="sigmoid"
    ),
    "activation",
    "straight_through",
    "Only the threshold's gradient is a surrogate.",
)
add(
    "softkeras.layers.ThresholdLayer(straight_through=True)",
    functools.partial(
        softkeras.layers.ThresholdLayer, 0.5, straight_through=True
    ),
    "inside",
    "straight_through",
)
