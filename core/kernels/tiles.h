// Elementwise loops over contiguous tiles: one function per scalar op and dtype, compiled for several x86-64 levels.
#pragma once
#include <cstdint>
#include <string_view>

#include "../dtype.h"

namespace wg {

inline constexpr int kTile = 1024;  // elements in a tile: all tiles of a small program stay in L1
inline constexpr int kMaxArity = 4;

// out[i] = f(in[0][i], in[1][i], …) for i < n; all contiguous, in the compute dtype (see Result for out's).
// out may be the same memory as any input.
using TileFn = void (*)(void* out, const void* const* in, int64_t n);

enum class Result : uint8_t { Same, Bool, Real };  // dtype of the result, given the compute dtype

struct FnInfo {
  const char* name;
  int arity;
  Result result;
  bool bool_first;  // the first operand is bool whatever the compute dtype (where)
  bool eights;      // is defined for numbers of eight bits
  bool halves;      // … for complex32
};

int fn_count();
const FnInfo& fn_info(int fn);
int find_fn(std::string_view name);     // -1 when there is none
TileFn tile_fn(int fn, DType compute);  // throws torch's error when fn is not defined for the dtype
                                        // (float16 and bfloat16 seldom are: the caller computes in float32)
bool has_tile(int fn, DType compute);
TileFn number_tile_fn(int fn, DType compute);   // … that takes all operands but the first as one number each, which
                                                // it reads from in[k][0]; null: there is none
[[noreturn]] void refuse(int fn, DType dtype);  // that error
// Conversions between dtypes (to bool: != 0; complex to real: the real part; float to int: truncation).
using ConvertFn = void (*)(void* out, const void* in, int64_t n);
ConvertFn convert_fn(DType from, DType to);
// Strided loads and stores, by element size: out[i] = in[i * stride], out[i * stride] = in[i]; stride in elements.
using StrideFn = void (*)(void* out, const void* in, int64_t stride, int64_t n);
StrideFn gather_fn(int itemsize);
StrideFn scatter_fn(int itemsize);
// Fills a tile with one element.
void fill_tile(void* out, const void* element, int itemsize, int64_t n);

const char* cpu_level();  // "x86-64-v4", "x86-64-v3", "x86-64-v2" or "generic": the level chosen at load time

}  // namespace wg
