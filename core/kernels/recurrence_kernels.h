// The elementwise part of one time step of recurrent layers, one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

enum class Cell : uint8_t { Lstm, Gru, Tanh, Relu };

// Arrays of one step: n rows of one sequence each, `width` hidden units. All rows are contiguous.
template <class T>
struct CellStep {
  int64_t n, width;
  T* gates;   // gates * width a row: sums when it comes in, values of the gates when it goes out
  T* extra;   // LSTM: cell before | tanh of the cell after; GRU: the hidden state's part of the sums
  T* hidden;  // width a row: the state, before and after
  T* cell;    // LSTM only: the cell, before and after
};
// Of the backward pass. `hidden` and `cell` hold the gradients of the state after the step, and become those of the
// state before it; what reaches the hidden state through the weights is added by the caller.
template <class T>
struct CellBack {
  int64_t n, width;
  const T *gates, *extra, *before, *out;  // as the step left them; before, out: hidden states
  const T* grad;                          // of the output; may be null
  T *hidden, *cell;
  T* sums;         // gradient of the input's part of the sums
  T* hidden_sums;  // GRU: of the hidden state's part
};
template <class T>
struct RecurrenceOf {
  // Each of n rows: from's plus one row; either may be null.
  void (*begin)(int64_t n, int64_t width, const T* from, const T* row, T* to);
  void (*step)(Cell kind, const CellStep<T>& s, int64_t begin, int64_t end);
  void (*back)(Cell kind, const CellBack<T>& s, int64_t begin, int64_t end);
};
struct RecurrenceKernels {
  RecurrenceOf<float> of_float;
  RecurrenceOf<double> of_double;
};
WG_LEVEL_TABLE(RecurrenceKernels, recurrence_kernels, recurrence_table)

}  // namespace wg
