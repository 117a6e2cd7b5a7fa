// The random generator as a Python object.
#include "python.h"
namespace wgpy {
wg::Foreign generator_pointer(PyObject*) { return nullptr; }
int init_random(PyObject*) { return 0; }
}  // namespace wgpy
