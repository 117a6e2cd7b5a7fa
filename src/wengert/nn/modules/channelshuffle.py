"""Interleaving the channels of groups."""

from .. import functional as F
from .module import Module

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    """(N, C, *) with the channels of the groups interleaved.

    >>> ChannelShuffle(2)(wg.ones(1, 4, 2)).shape
    torch.Size([1, 4, 2])
    """

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, input):
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self):
        return f"groups={self.groups}"
