// Small vectors of integers, and the arithmetic of sizes and strides.
#pragma once
#include <span>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>

#include "error.h"

namespace wg {

inline constexpr int kMaxDims = 64;

// A short list of int64: six inline, more on the heap.
class Dims {
  int32_t n_ = 0;
  union {
    int64_t small_[6];
    int64_t* heap_;
  };

 public:
  Dims() {}
  explicit Dims(int n, int64_t fill = 0) : n_(n) {
    if (n > 6) heap_ = new int64_t[n];
    for (int i = 0; i < n; ++i) (*this)[i] = fill;
  }
  Dims(const int64_t* v, int n) : n_(n) {
    if (n > 6) heap_ = new int64_t[n];
    std::memcpy(data(), v, sizeof(int64_t) * n);
  }
  Dims(std::initializer_list<int64_t> v) : Dims(v.begin(), int(v.size())) {}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // all six are copied: a fixed length needs no call
  Dims(const Dims& o) : n_(o.n_) {
    if (n_ > 6)
      std::memcpy(heap_ = new int64_t[n_], o.heap_, sizeof(int64_t) * n_);
    else
      std::memcpy(small_, o.small_, sizeof small_);
  }
#pragma GCC diagnostic pop
  Dims(Dims&& o) noexcept : n_(o.n_) {
    std::memcpy(static_cast<void*>(small_), o.small_, sizeof small_);
    o.n_ = 0;
  }
  Dims& operator=(const Dims& o) { return *this = Dims(o); }
  Dims& operator=(Dims&& o) noexcept {
    if (this == &o) return *this;
    if (n_ > 6) delete[] heap_;
    n_ = std::exchange(o.n_, 0);
    std::memcpy(static_cast<void*>(small_), o.small_, sizeof small_);
    return *this;
  }
  ~Dims() {
    if (n_ > 6) delete[] heap_;
  }
  int size() const { return n_; }
  bool empty() const { return n_ == 0; }
  int64_t* data() { return n_ > 6 ? heap_ : small_; }
  const int64_t* data() const { return n_ > 6 ? heap_ : small_; }
  int64_t& operator[](int i) { return data()[i]; }
  int64_t operator[](int i) const { return data()[i]; }
  int64_t* begin() { return data(); }
  int64_t* end() { return data() + n_; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + n_; }
  int64_t back() const { return data()[n_ - 1]; }
  void push_back(int64_t v) {
    if (n_ < 6)
      small_[n_++] = v;
    else
      push_far(v);
  }
  void insert(int at, int64_t v) {
    Dims r(n_ + 1);
    for (int i = 0; i < at; ++i) r[i] = (*this)[i];
    r[at] = v;
    for (int i = at; i < n_; ++i) r[i + 1] = (*this)[i];
    *this = std::move(r);
  }
  void erase(int at) {
    Dims r(n_ - 1);
    for (int i = 0, k = 0; i < n_; ++i)
      if (i != at) r[k++] = (*this)[i];
    *this = std::move(r);
  }
  void push_far(int64_t v);  // onto the heap
  bool operator==(const Dims& o) const {
    if (n_ != o.n_) return false;
    if (n_ > 6) return std::memcmp(heap_, o.heap_, sizeof(int64_t) * n_) == 0;
    for (int i = 0; i < n_; ++i)
      if (small_[i] != o.small_[i]) return false;
    return true;
  }
};

int64_t numel_of(const Dims& sizes);         // throws on overflow
Dims contiguous_strides(const Dims& sizes);  // in elements, row-major
bool is_contiguous(const Dims& sizes, const Dims& strides);
// Dense strides for a result of operands with these strides (0: broadcast): the dims are in the order of the first
// operand that tells two of them apart, else row-major.
Dims strides_like(const Dims& sizes, std::span<const Dims> operands);
bool is_dense(const Dims& sizes, const Dims& strides);         // non-overlapping and dense, in some order of dims
bool overlaps_itself(const Dims& sizes, const Dims& strides);  // two indices may share an element (a dim of stride 0)
void check_written(const Dims& sizes, const Dims& strides);    // torch's error when it does: nothing is written there
Dims broadcast(const Dims& a, const Dims& b);                  // torch's error on mismatch
bool can_broadcast(const Dims& from, const Dims& to);
int wrap_dim(int64_t dim, int ndim);            // negative dims; IndexError with torch's text; ndim 0 acts as 1
uint64_t dim_mask(const Dims& dims, int ndim);  // empty list = all; duplicate dims are an error
std::string to_string(const Dims& d);           // "[2, 3]"
// The strides of a view of these sizes over (sizes, strides), if no copy is needed.
bool view_strides(const Dims& sizes, const Dims& strides, const Dims& to, Dims* out);
Dims infer_size(const Dims& wanted, int64_t numel);  // resolves one -1; torch's errors

}  // namespace wg
