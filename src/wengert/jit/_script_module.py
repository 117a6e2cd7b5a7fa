"""torch.jit.ScriptModule: the class of the modules that were scripted, which stay what they are."""

import wengert as _wg

from . import scripted


class _OfScripted(type):
    def __instancecheck__(cls, instance):
        return super().__instancecheck__(instance) or (isinstance(instance, _wg.nn.Module) and instance in scripted)


class ScriptModule(_wg.nn.Module, metaclass=_OfScripted):
    """A module whose methods torch would compile. A module that went through `script` counts as one.

    >>> import wengert as torch
    >>> layer = torch.nn.ReLU()
    >>> isinstance(layer, torch.jit.ScriptModule), isinstance(torch.jit.script(layer), torch.jit.ScriptModule)
    (False, True)
    """

    @property
    def original_name(self):
        """The name of the class."""
        return type(self).__name__
