// The loops over the arithmetic group for one CPU level (WG_LEVEL), real types.
#include "scalar_arithmetic.h"

namespace wg::WG_LEVEL {

void add_arithmetic(TileTable& table) {
#define WG_FN_Arithmetic(name, arity, types) WG_PUT(name, arity, (types) & (B | I | F))
#define WG_FN_Math(name, arity, types)
#define WG_FN_Special(name, arity, types)
#define WG_FN(group, name, arity, types, result) WG_FN_##group(name, arity, types)
#define WG_ALSO(group, name, arity, types) WG_FN_##group(name, arity, types)
#include "elementwise.def"
}

}  // namespace wg::WG_LEVEL
