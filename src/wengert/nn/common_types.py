"""Names for sizes in type annotations."""

from wengert import Tensor

_size_any_t = _size_1_t = _size_2_t = _size_3_t = _size_4_t = _size_5_t = _size_6_t = int | tuple
_scalar_or_tuple_any_t = _scalar_or_tuple_1_t = _scalar_or_tuple_2_t = _scalar_or_tuple_3_t = int | tuple
_size_any_opt_t = _size_2_opt_t = _size_3_opt_t = int | tuple | None
_ratio_any_t = _ratio_2_t = _ratio_3_t = float | tuple
_tensor_list_t = Tensor | list
_maybe_indices_t = Tensor | tuple
