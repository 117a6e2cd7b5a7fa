// The loops over complex types: compiled once, for the least CPU.
#define WG_LEVEL base
#include "../simd/math.h"
#include "scalar_complex.h"

namespace wg::WG_LEVEL {

void add_complex(TileTable& table) {
#define WG_FN(group, name, arity, types, result) WG_PUT(name, arity, (types) & C)
#define WG_ALSO(group, name, arity, types) WG_PUT(name, arity, (types) & C)
#include "elementwise.def"
}

}  // namespace wg::WG_LEVEL
