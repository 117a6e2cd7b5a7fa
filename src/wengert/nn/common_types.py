"""Names for sizes in type annotations."""

from typing import Optional, Union

from wengert import Tensor

_scalar_or_tuple_any_t = Union[int, tuple]
_scalar_or_tuple_1_t = Union[int, tuple]
_scalar_or_tuple_2_t = Union[int, tuple]
_scalar_or_tuple_3_t = Union[int, tuple]
_size_any_t = _size_1_t = _size_2_t = _size_3_t = _size_4_t = _size_5_t = _size_6_t = Union[int, tuple]
_size_any_opt_t = _size_2_opt_t = _size_3_opt_t = Union[Optional[int], tuple]
_ratio_any_t = _ratio_2_t = _ratio_3_t = Union[float, tuple]
_tensor_list_t = Union[Tensor, list]
_maybe_indices_t = Union[Tensor, tuple]
