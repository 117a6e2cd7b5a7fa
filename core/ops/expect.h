// What adjoints and other inner ops ask of their arguments before they touch memory: a formula hands them the right
// ones, but a hook that replaces a gradient, an unpack hook or a direct call can hand them anything.
#pragma once
#include "../op.h"

namespace wg {

inline void expect(const Call& c, bool ok, const char* rule) {
  WG_CHECK(ok, c.op->name, "(): the arguments do not belong together: expected ", rule);
}

inline void expect_sizes(const Call& c, const Dims& got, const Dims& wanted, const char* what) {
  WG_CHECK(got == wanted, c.op->name, "(): expected ", what, " of size ", to_string(wanted), ", but got ",
           to_string(got));
}

inline void expect_ndim(const Call& c, int got, int least, int most, const char* what) {
  WG_CHECK(got >= least && got <= most, c.op->name, "(): expected ", what, " with ", least, " to ", most,
           " dims, but got ", got);
}

}  // namespace wg
