"""torch.nn.utils: clipping, packing, reparametrising, pruning."""

from . import rnn
