// The loops over uint16, uint32 and uint64: the few functions that torch has for them, compiled once.
#define WG_LEVEL base
#include "scalar_arithmetic.h"

namespace wg::WG_LEVEL {

void add_unsigned(TileTable& table) {
#define WG_FN_Arithmetic(name, arity, types) WG_PUT(name, arity, (types) & U)
#define WG_FN_Math(name, arity, types)
#define WG_FN_Special(name, arity, types)
#define WG_FN(group, name, arity, types, result) WG_FN_##group(name, arity, types)
#define WG_ALSO(group, name, arity, types) WG_FN_##group(name, arity, types)
#include "elementwise.def"
}

}  // namespace wg::WG_LEVEL
