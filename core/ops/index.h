// t[…] and t[…] = v, for the host's subscripts.
#pragma once
#include <vector>

#include "../op.h"

namespace wg {

struct IndexItem {
  enum Kind : uint8_t { Int, Slice, None, Ellipsis, Tensor, Bool } kind = Int;
  int64_t integer = 0;  // Int; Bool: 0 or 1
  int64_t start = 0, stop = 0, step = 1;
  bool has_start = false, has_stop = false;
  TensorRef tensor;
};

TensorRef index_get(wg::Tensor& self, const std::vector<IndexItem>& items);
// value: a tensor or a number.
void index_set(wg::Tensor& self, const std::vector<IndexItem>& items, const Value& value);

}  // namespace wg
