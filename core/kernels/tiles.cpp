// The table of tile functions, filled for the CPU that runs us.
#include "tiles.h"

#include <cstdlib>
#include <cstring>

#define WG_LEVEL table_only
#include "tiles_table.h"
#undef WG_LEVEL

namespace wg {

#define WG_LEVELS(X)
#if !defined(WG_ONE_LEVEL)
#undef WG_LEVELS
#define WG_LEVELS(X) X(v2) X(v3) X(v4)
#else
#undef WG_LEVELS
#define WG_LEVELS(X) X(generic)
#endif

#define WG_DECLARE(level)                                \
  namespace level {                                      \
  void add_arithmetic(TileTable&, TileTable&);           \
  void fill(void*, const void*, int, int64_t);           \
  void add_math(TileTable&, TileTable&);                 \
  void add_wide(TileTable&);                             \
  void add_conversions(ConvertFn (&)[kDTypes][kDTypes]); \
  }
WG_LEVELS(WG_DECLARE)
namespace base {
void add_special(TileTable&);
void add_half(TileTable&);
void add_complex(TileTable&);
void add_unsigned(TileTable&);
}  // namespace base
void add_stored_conversions(ConvertFn (&)[kDTypes][kDTypes]);

namespace {

enum class Level { v2, v3, v4, generic };

Level detect() {
#if !defined(WG_ONE_LEVEL)
  __builtin_cpu_init();
  bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
            __builtin_cpu_supports("bmi2");
  bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl");
  const char* most = std::getenv("WENGERT_CPU_LEVEL");  // "v2" or "v3": no more than that, for tests
  if (most && !std::strcmp(most, "v2")) return Level::v2;
  if (most && !std::strcmp(most, "v3")) v4 = false;
  return v4 ? Level::v4 : v3 ? Level::v3 : Level::v2;
#else
  return Level::generic;
#endif
}

struct Tables {
  Level level = detect();
  TileTable tiles = {}, numbers = {};
  ConvertFn conversions[kDTypes][kDTypes] = {};
  void (*fill)(void*, const void*, int, int64_t);

  Tables() {
#define WG_ADD(name)                      \
  if (level == Level::name) {             \
    name::add_arithmetic(tiles, numbers); \
    fill = name::fill;                    \
    name::add_math(tiles, numbers);       \
    name::add_wide(tiles);                \
    name::add_conversions(conversions);   \
  }
    base::add_special(tiles);
    base::add_complex(tiles);
    WG_LEVELS(WG_ADD)
    base::add_half(tiles);
    base::add_unsigned(tiles);
    add_stored_conversions(conversions);
  }
};
const Tables& tables() {
  static const Tables t;
  return t;
}

using namespace table_only;  // the letters of elementwise.def
constexpr FnInfo kInfos[] = {
#define WG_FN(group, name, arity, types, result) \
  {#name, arity, Result::result, kFn_##name == kFn_where, bool((types) & E), bool((types) & H)},
#define WG_ALSO(group, name, arity, types)
#include "elementwise.def"
};

template <class T>
void gather(void* out, const void* in, int64_t stride, int64_t n) {
  T* o = static_cast<T*>(out);
  const T* a = static_cast<const T*>(in);
  for (int64_t i = 0; i < n; ++i) o[i] = a[i * stride];
}
template <class T>
void scatter(void* out, const void* in, int64_t stride, int64_t n) {
  T* o = static_cast<T*>(out);
  const T* a = static_cast<const T*>(in);
  for (int64_t i = 0; i < n; ++i) o[i * stride] = a[i];
}
struct Bytes16 {
  uint64_t low, high;
};

}  // namespace

void zero_division() { fail(Kind::Runtime, "ZeroDivisionError"); }

int fn_count() { return kFns; }
const FnInfo& fn_info(int fn) { return kInfos[fn]; }
int find_fn(std::string_view name) {
  for (int i = 0; i < kFns; ++i)
    if (name == kInfos[i].name) return i;
  return -1;
}
bool has_tile(int fn, DType compute) { return tables().tiles[fn][int(compute)] != nullptr; }
TileFn tile_fn(int fn, DType compute) {
  TileFn f = tables().tiles[fn][int(compute)];
  if (!f) refuse(fn, compute);
  return f;
}
TileFn number_tile_fn(int fn, DType compute) { return tables().numbers[fn][int(compute)]; }
ConvertFn convert_fn(DType from, DType to) { return tables().conversions[int(from)][int(to)]; }

StrideFn gather_fn(int itemsize) {
  switch (itemsize) {
    case 1: return gather<uint8_t>;
    case 2: return gather<uint16_t>;
    case 4: return gather<uint32_t>;
    case 8: return gather<uint64_t>;
    default: return gather<Bytes16>;
  }
}
StrideFn scatter_fn(int itemsize) {
  switch (itemsize) {
    case 1: return scatter<uint8_t>;
    case 2: return scatter<uint16_t>;
    case 4: return scatter<uint32_t>;
    case 8: return scatter<uint64_t>;
    default: return scatter<Bytes16>;
  }
}
void fill_tile(void* out, const void* element, int itemsize, int64_t n) { tables().fill(out, element, itemsize, n); }

const char* cpu_level() {
  switch (tables().level) {
    case Level::v2: return "x86-64-v2";
    case Level::v3: return "x86-64-v3";
    case Level::v4: return "x86-64-v4";
    default: return "generic";
  }
}

}  // namespace wg
