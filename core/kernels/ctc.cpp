// The recursions of CTC, in logarithms; a thread has whole samples.
#include "ctc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../parallel.h"
#include "reals.h"

namespace wg {
namespace {

template <class T>
constexpr T kNever = -std::numeric_limits<T>::infinity();

template <class T>
T log_add(T a, T b, T c) {
  const T top = std::max({a, b, c});
  if (top == kNever<T>) return top;
  return std::log(std::exp(a - top) + std::exp(b - top) + std::exp(c - top)) + top;
}
template <class T>
T log_add(T a, T b) {
  return log_add(a, b, kNever<T>);
}

// One sample: its states and its column of log_probs.
template <class T>
struct Sample {
  const Ctc& s;
  const int64_t* labels;
  int64_t index, steps, states;

  Sample(const Ctc& all, int64_t n)
      : s(all),
        labels(all.labels + n * all.width),
        index(n),
        steps(all.input_lengths[n]),
        states(2 * all.target_lengths[n] + 1) {}
  int64_t label(int64_t state) const { return state % 2 ? labels[state / 2] : s.blank; }
  // Whether a path may go from the state before the last blank straight to this one.
  bool skips(int64_t state) const { return state % 2 && state > 1 && labels[state / 2] != labels[state / 2 - 1]; }
  int64_t row(int64_t t) const { return (t * s.samples + index) * s.classes; }
};

template <class T>
void forward_one(const Ctc& s, int64_t n, const T* log_probs, T* alpha, T* loss) {
  const Sample<T> one(s, n);
  const int64_t pitch = 2 * s.width + 1;
  if (one.steps == 0) {  // the loss of no input at all
    *loss = s.target_lengths[n] > 0 ? -kNever<T> : -T(0);
    return;
  }
  std::fill_n(alpha, one.steps * pitch, kNever<T>);
  for (int64_t k = 0; k < std::min<int64_t>(2, one.states); ++k) alpha[k] = log_probs[one.row(0) + one.label(k)];
  for (int64_t t = 1; t < one.steps; ++t) {
    const T *before = alpha + (t - 1) * pitch, *p = log_probs + one.row(t);
    for (int64_t k = 0; k < one.states; ++k)
      alpha[t * pitch + k] =
          log_add(before[k], k > 0 ? before[k - 1] : kNever<T>, one.skips(k) ? before[k - 2] : kNever<T>) +
          p[one.label(k)];
  }
  const T* last = alpha + (one.steps - 1) * pitch;
  *loss = -log_add(last[one.states - 1], one.states > 1 ? last[one.states - 2] : kNever<T>);
}

template <class T>
void backward_one(const Ctc& s, int64_t n, T g, const T* log_probs, const T* alpha, T loss, T* out) {
  const Sample<T> one(s, n);
  const int64_t pitch = 2 * s.width + 1;
  if (g == 0 && loss == -kNever<T>) return;  // of a loss that was set to zero nothing is left
  std::vector<T> beta(one.states, kNever<T>), next(one.states), mass(s.classes);
  for (int64_t t = one.steps - 1; t >= 0; --t) {
    const T* p = log_probs + one.row(t);
    for (int64_t k = 0; k < one.states; ++k) {
      if (t == one.steps - 1) {
        next[k] = k >= one.states - 2 ? p[one.label(k)] : kNever<T>;
      } else {
        const bool skip = k + 2 < one.states && one.skips(k + 2);
        next[k] = log_add(beta[k], k + 1 < one.states ? beta[k + 1] : kNever<T>, skip ? beta[k + 2] : kNever<T>) +
                  p[one.label(k)];
      }
    }
    std::swap(beta, next);
    std::fill(mass.begin(), mass.end(), kNever<T>);
    for (int64_t k = 0; k < one.states; ++k) {
      T& m = mass[one.label(k)];
      m = log_add(m, alpha[t * pitch + k] + beta[k]);
    }
    T* to = out + one.row(t);
    for (int64_t c = 0; c < s.classes; ++c) {
      const T paths = mass[c] == kNever<T> && loss != -kNever<T> ? T(0) : std::exp(mass[c] + loss - p[c]);
      to[c] = (std::exp(p[c]) - paths) * g;
    }
  }
}

template <class F>
void each_sample(const Ctc& s, F f) {
  const int64_t work = s.steps * (2 * s.width + 1) * 16;
  parallel_for(s.samples, std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(work, 1)), [&](int64_t from, int64_t to) {
    for (int64_t n = from; n < to; ++n) f(n);
  });
}

}  // namespace

void ctc_forward(const Ctc& s, const char* log_probs, char* alpha, char* loss) {
  with_real(s.dtype, [&]<class T>(T) {
    each_sample(s, [&](int64_t n) {
      forward_one(s, n, as<T>(log_probs), as<T>(alpha) + n * s.steps * (2 * s.width + 1), as<T>(loss) + n);
    });
  });
}

void ctc_backward(const Ctc& s, const char* g, const char* log_probs, const char* alpha, const char* loss, char* out) {
  with_real(s.dtype, [&]<class T>(T) {
    each_sample(s, [&](int64_t n) {
      backward_one(s, n, as<T>(g)[n], as<T>(log_probs), as<T>(alpha) + n * s.steps * (2 * s.width + 1), as<T>(loss)[n],
                   as<T>(out));
    });
  });
}

}  // namespace wg
