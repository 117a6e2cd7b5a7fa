"""torch.utils.tensorboard: `SummaryWriter`, through the tensorboard package."""

try:
    import tensorboard
except ImportError as error:
    raise ImportError("torch.utils.tensorboard needs the tensorboard package: pip install tensorboard") from error

from .writer import SummaryWriter

__all__ = ["SummaryWriter", "tensorboard"]
