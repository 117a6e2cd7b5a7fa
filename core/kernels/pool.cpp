// Loops of pooling: threads take planes.
#include "pool.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include "../parallel.h"
#include "pool_kernels.h"
#include "read_once.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 8192;

template <class F>
void with_type(DType d, F&& f) {
  visit(d, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool> && !is_complex_v<T> && !is_reduced_v<T>) f.template operator()<T>();
  });
}

// Half precision too, in which every sum is rounded.
template <class F>
void with_type_of_sums(DType d, F&& f) {
  if (d == DType::Float16) return f.template operator()<Half>();
  if (d == DType::BFloat16) return f.template operator()<BFloat16>();
  with_type(d, f);
}

template <class F>
void each_plane(int64_t planes, int64_t work, F body) {
  parallel_for(planes, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work)), [&](int64_t b, int64_t e) {
    for (int64_t p = b; p < e; ++p) body(p);
  });
}

// body(output position, spans of its window)
template <class F>
void each_window(const Pool& p, F body) {
  int64_t o = 0;
  for (int64_t z = 0; z < p.out[0]; ++z)
    for (int64_t y = 0; y < p.out[1]; ++y)
      for (int64_t x = 0; x < p.out[2]; ++x, ++o) body(o, p.spans[0][z], p.spans[1][y], p.spans[2][x]);
}

template <class T>
T lowest() {
  if constexpr (std::is_floating_point_v<T>)
    return -std::numeric_limits<T>::infinity();
  else
    return std::numeric_limits<T>::lowest();
}

int64_t divisor_of(const Pool& p, const Span& a, const Span& b, const Span& c) {
  return p.divisor ? p.divisor : a.count * b.count * c.count;
}

template <class T>
T share_of(const Pool& p, T sum, const Span& a, const Span& b, const Span& c) {
  if constexpr (is_reduced_v<T>)
    if (p.in_turn) return T(float(T(float(T(sum / float(a.count))) / float(b.count))) / float(c.count));
  const int64_t by = divisor_of(p, a, b, c);
  return by ? T(sum / T(by)) : T(0);
}

template <class T>
void max_window(const Pool& p, const T* x, const Span& a, const Span& b, const Span& c, T* y, int64_t* index) {
  int64_t best = (a.begin * p.in[1] + b.begin) * p.in[2] + c.begin;
  T top = lowest<T>();
  for (int64_t i = a.begin; i < a.end; i += p.step[0])
    for (int64_t j = b.begin; j < b.end; j += p.step[1]) {
      const int64_t row = (i * p.in[1] + j) * p.in[2];
      for (int64_t k = c.begin; k < c.end; k += p.step[2]) {
        const T v = x[row + k];
        if (v > top || v != v) top = v, best = row + k;
      }
    }
  *y = top;
  if (index) *index = best;
}

// Windows [begin, end) of a row: equally far apart, of the same extent, none cut off by the border.
struct Regular {
  int64_t begin = 0, end = 0, stride = 1;
  explicit Regular(const Pool& p) {
    const Span* s = p.spans[2];
    const int64_t n = p.out[2];
    auto extent = [&](int64_t o) { return s[o].end - s[o].begin; };
    while (begin + 1 < n && extent(begin) != extent(begin + 1)) ++begin;
    if (begin + 1 >= n) return;
    stride = s[begin + 1].begin - s[begin].begin;
    end = begin + 1;
    while (end < n && extent(end) == extent(begin) && s[end].begin - s[end - 1].begin == stride) ++end;
  }
};

int64_t taps(const Span& s, int64_t step) { return std::max<int64_t>(0, (s.end - s.begin + step - 1) / step); }

template <class T>
void max_plane(const Pool& p, const Regular& row, const T* x, T* y, int64_t* indices) {
  int64_t o = 0;
  for (int64_t z = 0; z < p.out[0]; ++z)
    for (int64_t v = 0; v < p.out[1]; ++v, o += p.out[2]) {
      const Span &a = p.spans[0][z], &b = p.spans[1][v];
      auto found = [&](int64_t k) { return indices ? indices + o + k : nullptr; };
      auto one = [&](int64_t k) { max_window(p, x, a, b, p.spans[2][k], y + o + k, found(k)); };
      int64_t k = 0;
      if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
        if (row.end > row.begin && taps(a, p.step[0]) == 1) {
          for (; k < row.begin; ++k) one(k);
          const Span& c = p.spans[2][k];
          const int64_t index = (a.begin * p.in[1] + b.begin) * p.in[2] + c.begin;
          const WindowRow w{
              row.end - row.begin, row.stride, taps(b, p.step[1]), p.step[1] * p.in[2], taps(c, p.step[2]),
              p.step[2],           index};
          if constexpr (std::is_same_v<T, float>)
            pool_table().of_float(w, x + index, y + o + k, found(k));
          else
            pool_table().of_double(w, x + index, y + o + k, found(k));
          k = row.end;
        }
      for (; k < p.out[2]; ++k) one(k);
    }
}

}  // namespace

void max_pool(const Pool& p, const char* x, char* y, int64_t* indices) {
  const Regular row(p);
  with_type(p.dtype, [&]<class T>() {
    each_plane(p.planes, p.in_size(), [&](int64_t k) {
      max_plane(p, row, reinterpret_cast<const T*>(x) + k * p.in_size(), reinterpret_cast<T*>(y) + k * p.out_size(),
                indices ? indices + k * p.out_size() : nullptr);
    });
  });
}

void avg_pool(const Pool& p, const char* x, char* y) {
  with_type_of_sums(p.dtype, [&]<class T>() {
    each_plane(p.planes, p.in_size(), [&](int64_t plane) {
      const T* from = reinterpret_cast<const T*>(x) + plane * p.in_size();
      T* to = reinterpret_cast<T*>(y) + plane * p.out_size();
      each_window(p, [&](int64_t o, const Span& a, const Span& b, const Span& c) {
        T sum = 0;
        for (int64_t i = a.begin; i < a.end; ++i)
          for (int64_t j = b.begin; j < b.end; ++j)
            for (int64_t k = c.begin; k < c.end; ++k) sum = T(sum + from[(i * p.in[1] + j) * p.in[2] + k]);
        to[o] = share_of(p, sum, a, b, c);
      });
    });
  });
}

void avg_pool_backward(const Pool& p, const char* g, char* gx) {
  with_type_of_sums(p.dtype, [&]<class T>() {
    each_plane(p.planes, p.in_size(), [&](int64_t plane) {
      const T* from = reinterpret_cast<const T*>(g) + plane * p.out_size();
      T* to = reinterpret_cast<T*>(gx) + plane * p.in_size();
      std::fill_n(to, p.in_size(), T(0));
      each_window(p, [&](int64_t o, const Span& a, const Span& b, const Span& c) {
        const T share = share_of(p, from[o], a, b, c);
        for (int64_t i = a.begin; i < a.end; ++i)
          for (int64_t j = b.begin; j < b.end; ++j)
            for (int64_t k = c.begin; k < c.end; ++k) {
              T& here = to[(i * p.in[1] + j) * p.in[2] + k];
              here = T(here + share);
            }
      });
    });
  });
}

bool scatter_planes(DType dtype, int64_t planes, int64_t n, int64_t m, const char* from, const int64_t* indices,
                    char* to) {
  std::atomic<bool> inside = true;
  with_type_of_sums(dtype, [&]<class T>() {
    each_plane(planes, n + m, [&](int64_t p) {
      T* out = reinterpret_cast<T*>(to) + p * n;
      const T* in = reinterpret_cast<const T*>(from) + p * m;
      std::fill_n(out, n, T(0));
      for (int64_t i = 0; i < m; ++i) {
        const int64_t k = read_once(indices + p * m + i);
        if (uint64_t(k) >= uint64_t(n)) [[unlikely]]
          inside.store(false, std::memory_order_relaxed);
        else
          out[k] = T(out[k] + in[i]);
      }
    });
  });
  return inside;
}

bool gather_planes(DType dtype, int64_t planes, int64_t n, int64_t m, const char* from, const int64_t* indices,
                   char* to) {
  std::atomic<bool> inside = true;
  with_type(dtype, [&]<class T>() {
    each_plane(planes, m, [&](int64_t p) {
      const T* in = reinterpret_cast<const T*>(from) + p * n;
      T* out = reinterpret_cast<T*>(to) + p * m;
      for (int64_t i = 0; i < m; ++i) {
        const int64_t k = read_once(indices + p * m + i);
        if (uint64_t(k) >= uint64_t(n)) [[unlikely]]
          inside.store(false, std::memory_order_relaxed);
        else
          out[i] = in[k];
      }
    });
  });
  return inside;
}

}  // namespace wg
