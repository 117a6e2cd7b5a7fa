// Which loops reduce which type.
#pragma once
#include "../dtype.h"
#include "reduce_folds.h"

namespace wg {
const Folder& folder(Fold f, DType d);  // rows is null when the type has no such fold
}
