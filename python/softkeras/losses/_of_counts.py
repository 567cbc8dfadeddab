"""What makes the named losses of scores of counts."""

from softkeras.losses._documentation import BINARY
from softkeras.losses._named import Maker, Named
from softkeras.losses.score import ScoreLoss, score_loss


class NamedLoss(Named, ScoreLoss):
    """A ScoreLoss whose class says which score it is."""


_MAKER = Maker(score_loss, ScoreLoss, BINARY)
twin, loss_class = _MAKER.twin, _MAKER.loss_class
