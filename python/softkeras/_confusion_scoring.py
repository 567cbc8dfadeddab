"""Which score of which confusion matrix; what losses and metrics share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from softkeras import _checks, confusion, steps
from softkeras._ops import ops
from softkeras.scores import averaging, categorical, names
from softkeras.scores._size import of_ordinary_size

# The share of the matrix that becomes errors, spread over all cells, where a
# score is 0/0 that could have been defined.
ERRORS = 0.01


class ConfusionScoring:
    """A score of a confusion matrix, and the decision that it judges.

    Args:
        score: Name of a score or a function of a confusion matrix.
        score_args: Arguments of the score besides the matrix.
        empty, step, sharpness, from_logits, sparse, ignore_class: as in
            `softkeras.losses.ConfusionLoss`.

    Raises:
        ValueError: for what is not allowed.
    """

    def __init__(
        self,
        score: str | Callable | dict,
        score_args: dict,
        *,
        empty: str,
        step: Any,
        sharpness: float | None,
        from_logits: bool,
        sparse: bool,
        ignore_class: int | None,
    ):
        self.score = names.OF_MATRIX.get(score, **score_args)
        if "cost_matrix" in score_args:
            # As lists, so that a model saves it.
            costs = _checks.cost_matrix(score_args["cost_matrix"])
            score_args = {**score_args, "cost_matrix": costs}
        # One by one, because a function of the user's may have no hash.
        self._of_margins = next(
            (
                of_margins
                for score, of_margins in categorical.OF_MARGINS.items()
                if score is self.score
            ),
            None,
        )
        self.score_args = score_args
        self.empty = _checks.one_of("empty", empty, averaging.EMPTY)
        self.step = confusion.get_step(step, sharpness)
        self.from_logits = _checks.boolean("from_logits", from_logits)
        self.labels = confusion.get_labels(sparse, ignore_class)

    def sums(self, y_true, y_pred, sample_weight, mask) -> tuple[Any, ...]:
        """What is to be scored, sums over the rows.

        The confusion matrix, or its margins where the score needs no more:
        they take a share of the time, and of the memory, as large as 1/classes.
        """
        given = (y_true, y_pred, sample_weight, mask)
        decision = (self.step, self.from_logits, self.labels)
        if self._of_margins:
            return confusion.margins(*given, *decision)
        return (confusion.confusion_matrix(*given, *decision),)

    def value(self, sums) -> tuple[Any, Any]:
        """The score of such sums, and whether it counts.

        As in `softkeras.scores.averaging`: with hard decisions it is undefined
        where it is 0/0, with soft ones where even the right decisions have
        none.
        """
        if names.OF_MATRIX.knows(self.score):
            sums = of_ordinary_size(sums, _total(sums))
        frozen = [ops.stop_gradient(each) for each in sums]
        raw = self._of(frozen)
        shape = tuple(getattr(raw, "shape", ()))
        if shape:
            raise ValueError(
                "A score of a confusion matrix must give one number. Received: "
                f"{shape} from {names.name_of(self.score)}."
            )
        sound = ops.all(ops.isfinite(ops.stack(frozen)))
        undefined = ops.logical_and(sound, ops.logical_not(ops.isfinite(raw)))
        vacant = undefined
        if not self.step.is_hard:
            right = self._of(_all_right(frozen))
            vacant = ops.logical_and(
                sound, ops.logical_not(ops.isfinite(right))
            )
        value = self._of(
            _with_errors(sums, frozen, ops.logical_or(undefined, vacant))
        )
        value = ops.where(vacant, 1.0 if self.empty == "one" else 0.0, value)
        value = ops.where(sound, value, float("nan"))
        if self.empty == "skip":
            return value, ops.logical_not(vacant)
        return value, ops.ones_like(vacant)

    def _of(self, sums):
        """The score; of soft decisions over the classes that occur.

        A class that does not can't be right, whatever is decided, and every
        class is called a little.
        """
        if not self._of_margins:
            return averaging.computed(self.score, sums[0], self.step.is_hard)
        options = {}
        if self.score is categorical.mean_iou:
            options = {"present": not self.step.is_hard}
        return self._of_margins(confusion.Margins(*sums), **options)

    def get_config(self) -> dict:
        labels = self.labels.get_config()
        del labels["labels"]
        return {
            "score": names.OF_MATRIX.serialize(self.score),
            **self.score_args,
            "empty": self.empty,
            "step": steps.serialize(self.step),
            "from_logits": self.from_logits,
            **labels,
        }


def _all_right(sums):
    """The same rows, were they all called what they are."""
    if len(sums) == 1:
        return [confusion.diagonal(ops.sum(sums[0], axis=1))]
    hits, missed, wrong = sums
    return [hits + missed, ops.zeros_like(missed), ops.zeros_like(wrong)]


def _total(sums):
    return ops.sum(sums[0] if len(sums) == 1 else sums[0] + sums[1])


def _with_errors(sums, frozen, some):
    """The sums, with a few errors of every kind where there are to be some.

    They turn 0/0 into a score with a gradient that is finite and shows the way
    out.
    """
    classes = sums[0].shape[0]
    total = _total(frozen)
    few = ERRORS / classes**2 * ops.where(total > 0, total, 1.0)
    few = ops.where(some, few, 0.0)
    if len(sums) == 1:
        return [sums[0] + few * (1 - ops.eye(classes, dtype=sums[0].dtype))]
    hits, missed, wrong = sums
    few = few * (classes - 1)
    return [hits, missed + few, wrong + few]
