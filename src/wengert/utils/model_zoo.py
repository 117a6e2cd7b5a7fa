"""torch.utils.model_zoo: the older name of torch.hub's download of weights."""

from ..hub import load_state_dict_from_url as load_url  # noqa: F401 (the name that programs import)
